import { rename } from '../../files/index.js';
import { hasErrno, ioError } from '../../errors/index.js';

/**
 * Replaces a file by a staged one in one step. The staged file is used up by it: a worker that comes late finds
 * nothing to rename, and so cannot put an older version over a newer one, because the next version is recorded
 * only when this one is used up. The caller makes both directories durable, lest a power cut bring the staged one back.
 */
export async function renameOnce(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'rename', to);
  });
}
