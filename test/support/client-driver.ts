import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A TUF client in another language, as a process: all drivers in test/clients take the same options. */
export interface ClientDriver {
  readonly command: string;
  readonly parameters: readonly string[];
}

/**
 * Verifies and downloads targets, from only the first root and what an earlier call has left in the directory.
 * @returns bytes by path.
 * @throws what the driver says, which begins with the name of its library where that refuses.
 */
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
  const files = ['--root', root, '--dir', directory, '--paths', list];
  await promisify(execFile)(command, [...parameters, ...urls, ...files]).catch((error: unknown) => {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw said === '' ? error : new Error(said, { cause: error });
  });
  const got = paths.map(async (path) => [path, await readFile(join(directory, 'targets', path))] as const);
  return new Map(await Promise.all(got));
}
