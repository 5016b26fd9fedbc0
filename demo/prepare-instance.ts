import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tufline } from './commands.js';

const MARK = '.demo';

/** A fresh instance; only one that an earlier demo has made is removed for it. */
export async function prepareInstance(directory: string): Promise<void> {
  if (existsSync(directory)) {
    if (!existsSync(join(directory, MARK))) {
      throw new Error(`${directory} is there and was not made by the demo: move it away.`);
    }
    await rm(directory, { recursive: true });
  }
  await tufline(directory, ['init', directory]);
  await writeFile(join(directory, MARK), 'Made by "npm run demo", which removes it and makes it anew.\n');
  console.log(`  ${directory}`);
}
