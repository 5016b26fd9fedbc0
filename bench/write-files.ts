import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Population } from './population/index.js';

/** The files of a release: the next versions of a package. @returns where each lies and its target path. */
export async function writeFiles(
  directory: string,
  population: Population,
  number: number,
  bytes: number,
): Promise<[from: string, path: string][]> {
  const files: [string, string][] = [];
  for (const { path } of population.release(number)) {
    const from = join(directory, path);
    await mkdir(dirname(from), { recursive: true });
    await writeFile(from, randomBytes(bytes));
    files.push([from, path]);
  }
  return files;
}
