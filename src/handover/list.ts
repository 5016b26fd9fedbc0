import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError } from '../errors/index.js';
import { compareTimestamps } from '../timestamps/index.js';
import { parseDirectoryName, type DirectoryState } from './names.js';

/** Timestamps of the directories in one state, in the order in which releases are taken. */
export async function listTimestamps(postToTufPath: string, state: DirectoryState): Promise<string[]> {
  const entries = await readdir(postToTufPath, { withFileTypes: true }).catch((error: unknown) => {
    throw ioError(error, 'read', postToTufPath);
  });
  return entries
    .flatMap((entry) => {
      const name = parseDirectoryName(entry.name);
      return name !== undefined && name !== 'invalid' && name.state === state && entry.isDirectory()
        ? [name.timestamp]
        : [];
    })
    .sort(compareTimestamps);
}

/**
 * Directories of one state and timestamp with their copies (`tuf_done_X`, `tuf_done_X.2` …).
 * @returns paths, the first copy first.
 */
export async function listCopies(
  postToTufPath: string,
  state: 'done' | 'failed',
  timestamp: string,
): Promise<string[]> {
  const names = await readdir(postToTufPath).catch((error: unknown) => {
    throw ioError(error, 'read', postToTufPath);
  });
  const first = `tuf_${state}_${timestamp}`;
  const copy = (name: string): number => (name === first ? 1 : Number(name.slice(first.length + 1)));
  return names
    .filter(
      (name) =>
        name === first || (name.startsWith(`${first}.`) && /^\d+$/.test(name.slice(first.length + 1))),
    )
    .sort((a, b) => copy(a) - copy(b))
    .map((name) => join(postToTufPath, name));
}
