import { hasErrno, ioError } from '../../errors/index.js';
import { closeRead, hashFile, open, stat } from '../../files/index.js';

/** Whether two files hold the same bytes. A first file that is gone meanwhile is in place already: true. */
export async function sameContent(from: string, to: string): Promise<boolean> {
  const a = await statOf(from);
  const b = await statOf(to);
  if (a === undefined) return true;
  if (b === undefined || a.size !== b.size) return false;
  if (a.ino === b.ino && a.dev === b.dev) return true;
  return (await sha256(from)) === (await sha256(to));
}

async function statOf(path: string) {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw ioError(error, 'look at', path);
  }
}

async function sha256(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw ioError(error, 'open', path);
  });
  try {
    return (await hashFile(handle, path, { algorithms: ['sha256'] })).hashes.sha256;
  } finally {
    await closeRead(handle);
  }
}
