import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rmdir, unlink } from './calls/index.js';
import { hasErrno, ioError } from '../errors/index.js';
import { eachAtOnce } from './at-once.js';

const AT_ONCE = 8;
/** Somebody who does not know yet that the tree is going may put a file into it meanwhile. */
const TRIES = 3;

/**
 * Removes a directory of ours with everything in it; one that is gone already is fine. Holds one list of names for
 * each level, however large the tree is.
 * @param signal ends the work between two files: the rest stays, and is removed by whoever comes next.
 */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  await remove(path, signal, AT_ONCE);
}

/** @param directoriesAtOnce only those at the top go side by side, lest there be more with each level. */
async function remove(path: string, signal: AbortSignal | undefined, directoriesAtOnce: number) {
  for (let attempt = 1; ; attempt++) {
    const entries = await entriesOf(path);
    if (!entries) return;
    const [directories, files] = [
      entries.filter(isDirectory),
      entries.filter((entry) => !isDirectory(entry)),
    ];
    await eachAtOnce(files, AT_ONCE, async ({ name }) => {
      signal?.throwIfAborted();
      await removeEntry(join(path, name));
    });
    await eachAtOnce(directories, directoriesAtOnce, ({ name }) => remove(join(path, name), signal, 1));
    signal?.throwIfAborted();
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return;
      if (hasErrno(error, 'ENOTEMPTY', 'EEXIST') && attempt < TRIES) continue;
      throw ioError(error, 'remove', path);
    }
  }
}

function isDirectory(entry: Dirent): boolean {
  return entry.isDirectory();
}

async function entriesOf(path: string): Promise<readonly Dirent[] | undefined> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw ioError(error, 'remove', path);
  }
}

async function removeEntry(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'remove', path);
  });
}
