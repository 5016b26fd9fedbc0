import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A TUF client in another language, as a process: all drivers in test/clients take the same options. */
export interface ClientDriver {
  readonly command: string;
  readonly parameters: readonly string[];
}

/** Verifies and downloads targets, from a fresh directory and only the first root. @returns bytes by path. */
export async function downloadWith(
  { command, parameters }: ClientDriver,
  baseUrl: string,
  repositoryPath: string,
  directory: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  await mkdir(directory, { recursive: true });
  const list = join(directory, 'paths.txt');
  const root = join(directory, 'root.json');
  await writeFile(list, paths.join('\n'));
  await writeFile(root, await readFile(join(repositoryPath, 'metadata', '1.root.json')));
  const urls = ['--metadata-url', `${baseUrl}/metadata`, '--targets-url', `${baseUrl}/targets`];
  await promisify(execFile)(command, [
    ...parameters,
    ...urls,
    '--root',
    root,
    '--dir',
    directory,
    '--paths',
    list,
  ]);
  const files = paths.map(async (path) => [path, await readFile(join(directory, 'targets', path))] as const);
  return new Map(await Promise.all(files));
}
