import { opendir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hasErrno, ioError } from '../errors/index.js';
import { isDirectory } from './claim.js';
import { directoryName, SUMS_FILE } from './names.js';

/** What a ready directory holds, as far as it was counted. */
export interface ReadyContents {
  readonly timestamp: string;
  readonly files: number;
  readonly bytes: number;
  /** Counting stopped early. */
  readonly more: boolean;
  /** The first few paths. */
  readonly names: readonly string[];
}

const COUNT_AT_MOST = 1000;
const NAMES = 3;

/** Counts what is in a ready directory, for the sentence that people read; stops early in a large one. */
export async function describeReady(
  postToTufPath: string,
  timestamp: string,
): Promise<ReadyContents | undefined> {
  const directory = join(postToTufPath, directoryName('ready', timestamp));
  let bytes = 0;
  const names: string[] = [];
  let more = false;
  try {
    for await (const entry of await opendir(directory, { recursive: true })) {
      if (!entry.isFile() || entry.name === SUMS_FILE) continue;
      if (names.length >= COUNT_AT_MOST) {
        more = true;
        break;
      }
      const path = join(entry.parentPath, entry.name);
      names.push(relative(directory, path));
      bytes += (await stat(path)).size;
    }
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) {
      if (!(await isDirectory(directory))) return undefined;
    } else if (!hasErrno(error, 'EACCES', 'EPERM')) throw ioError(error, 'read', directory);
    // Names that are no UTF-8, or what may not be read: the claim will say so with a sentence.
    more = true;
  }
  names.sort();
  return { timestamp, files: names.length, bytes, more, names: names.slice(0, NAMES) };
}
