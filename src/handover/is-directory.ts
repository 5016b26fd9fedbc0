import { stat } from '../files/index.js';
import { hasErrno, ioError } from '../errors/index.js';

/** Whether a directory is there, or a link to one. */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw ioError(error, 'look at', path);
  }
}
