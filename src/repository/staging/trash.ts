import { dirname, join } from 'node:path';
import { hasErrno, ioError } from '../../errors/index.js';
import { eachAtOnce, fsyncDirectory, removeTree, rename, stat } from '../../files/index.js';
import type { Repository } from '../repository.js';
import { checkStagedPath } from './staged-path.js';
import { beginStage, type MetadataStage } from './stage.js';

const PURPOSE = 'prune';
const AT_ONCE = 8;

/** Begins the stage of a prune: an empty directory that takes up what the record of this number removes. */
export async function beginTrash(repository: Repository, number: number): Promise<MetadataStage> {
  return beginStage(repository, `${PURPOSE}-${String(number)}`);
}

export function isTrash(id: string): boolean {
  return id.startsWith(`${PURPOSE}-`);
}

/**
 * Removes target files, the redo of a prune. An unlink could come late and hit a file that a later release has put
 * there again, with the same bytes and so under the same name. So each file is renamed into the stage, and the stage is
 * removed when all have been: the next record is appended only after that, and a worker that is late finds no directory
 * to rename into. Nobody may ever make that directory again.
 *
 * @param removes paths below `targets/`.
 */
export async function moveToTrash(
  repository: Repository,
  id: string,
  removes: readonly string[],
): Promise<void> {
  const { staging, targets } = repository.paths;
  const trash = join(staging, id);
  if (await isThere(trash)) {
    await eachAtOnce(removes.entries(), AT_ONCE, async ([index, path]) => {
      // The record is ours, and still nothing may lead out of the directory.
      checkStagedPath(path);
      await moveAway(join(targets, path), join(trash, String(index)));
    });
    // Also where somebody else has moved the files: it may have been killed before its fsync.
    const directories = new Set(removes.map((path) => dirname(join(targets, path))));
    await eachAtOnce(directories, AT_ONCE, fsyncIfThere);
    await removeTree(trash);
  }
  // A trash that came back with a power cut would let late renames in again.
  await fsyncDirectory(staging);
}

async function moveAway(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    // Moved before, or the trash is gone with all that had to go.
    if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'remove', from);
  });
}

async function fsyncIfThere(directory: string): Promise<void> {
  if (await isThere(directory)) await fsyncDirectory(directory);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw ioError(error, 'look at', path);
  }
}
