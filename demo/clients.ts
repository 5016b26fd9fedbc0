import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Updater } from 'tuf-js';
import { findSecondClient } from './second-client.js';

export interface Verified {
  readonly client: string;
  readonly bytes: number;
}

const run = promisify(execFile);

/** tuf-js, in this process. */
export async function verifyWithTufJs(
  url: string,
  instance: string,
  work: string,
  targets: readonly string[],
): Promise<Verified> {
  const directory = join(work, 'tuf-js');
  const metadataDir = join(directory, 'metadata');
  const targetDir = join(directory, 'targets');
  await mkdir(metadataDir, { recursive: true });
  await mkdir(targetDir, { recursive: true });
  await writeFile(join(metadataDir, 'root.json'), await firstRoot(instance));
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: `${url}/metadata`,
    targetDir,
    targetBaseUrl: `${url}/targets`,
  });
  await updater.refresh();
  let bytes = 0;
  for (const target of targets) {
    const info = await updater.getTargetInfo(target);
    if (!info) throw new Error(`tuf-js: ${target} is not listed`);
    bytes += await compare(await updater.downloadTarget(info), instance, target, 'tuf-js');
  }
  return { client: 'tuf-js', bytes };
}

/** A client in another language, in a process of its own: python-tuf, or go-tuf where there is no Python. */
export async function verifyWithSecondClient(
  url: string,
  instance: string,
  work: string,
  targets: readonly string[],
): Promise<Verified> {
  const { name, command, parameters, environment } = await findSecondClient(work);
  const directory = join(work, name);
  await mkdir(directory, { recursive: true });
  const paths = join(directory, 'paths.txt');
  await writeFile(paths, targets.join('\n'));
  const root = join(directory, '1.root.json');
  await writeFile(root, await firstRoot(instance));
  const options = [
    '--metadata-url',
    `${url}/metadata`,
    '--targets-url',
    `${url}/targets`,
    '--root',
    root,
    '--dir',
    directory,
    '--paths',
    paths,
  ];
  await run(command, [...parameters, ...options], {
    env: { ...process.env, ...environment },
    maxBuffer: 1 << 26,
  });
  let bytes = 0;
  for (const target of targets)
    bytes += await compare(join(directory, 'targets', target), instance, target, name);
  return { client: name, bytes };
}

async function firstRoot(instance: string): Promise<Buffer> {
  return readFile(join(instance, 'repository', 'metadata', '1.root.json'));
}

async function compare(
  downloaded: string,
  instance: string,
  target: string,
  client: string,
): Promise<number> {
  const got = await readFile(downloaded);
  const posted = await readFile(join(instance, 'packages', target));
  if (!got.equals(posted)) throw new Error(`${client}: ${target} differs from what was posted`);
  return got.length;
}
