import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrno, ioError } from '../../errors/index.js';
import { fsyncDirectory } from '../../files/index.js';

/**
 * Replaces a file by a staged one in one step. The staged file is used up by it: a worker that comes late finds
 * nothing to rename, and so cannot put an older version over a newer one, because the next version is recorded
 * only when this one is used up. Both directories are made durable, lest a power cut bring the staged one back.
 */
export async function moveOnce(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return;
    throw ioError(error, 'rename', to);
  }
  await fsyncDirectory(dirname(to));
  await fsyncDirectory(dirname(from)).catch((error: unknown) => {
    // Another worker has found the stage used up and removed it.
    if (!(error instanceof Error && hasErrno(error.cause, 'ENOENT'))) throw error;
  });
}
