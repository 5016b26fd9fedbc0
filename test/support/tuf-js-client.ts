import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Updater } from 'tuf-js';

/** What a client downloaded: bytes by target path. */
export type Downloaded = ReadonlyMap<string, Buffer>;

/**
 * Verifies and downloads targets with tuf-js, from a fresh client directory and only the first root.
 * @throws what the client throws.
 */
export async function downloadWithTufJs(
  baseUrl: string,
  repositoryPath: string,
  clientDirectory: string,
  paths: readonly string[],
): Promise<Downloaded> {
  const metadataDir = join(clientDirectory, 'metadata');
  const targetDir = join(clientDirectory, 'targets');
  await mkdir(metadataDir, { recursive: true });
  await mkdir(targetDir, { recursive: true });
  await writeFile(
    join(metadataDir, 'root.json'),
    await readFile(join(repositoryPath, 'metadata', '1.root.json')),
  );
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: `${baseUrl}/metadata`,
    targetDir,
    targetBaseUrl: `${baseUrl}/targets`,
  });
  await updater.refresh();
  const downloaded = new Map<string, Buffer>();
  for (const path of paths) {
    const info = await updater.getTargetInfo(path);
    if (!info) throw new Error(`tuf-js: ${path} is not listed`);
    downloaded.set(path, await readFile(await updater.downloadTarget(info)));
  }
  return downloaded;
}
