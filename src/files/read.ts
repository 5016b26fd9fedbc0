import { open, type FileAccess } from './calls/index.js';
import { hasErrno, ioError } from '../errors/index.js';
import { closeRead } from './durable.js';

/** What one read is likely to bring whole: a record, a bin. */
const MOSTLY_ENOUGH = 32 * 1024;
/** What they are read into, to be used again: of such pieces thrown away garbage is soon made. */
const spare: Buffer[] = [];

/** Reads a file, or returns undefined where there is none, or where its path leads through what is no directory. */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  let handle: FileAccess;
  try {
    handle = await open(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw ioError(error, 'read', path);
  }
  try {
    // Side by side, as a small file is mostly waiting for answers.
    const beginning = spare.pop() ?? Buffer.allocUnsafeSlow(MOSTLY_ENOUGH);
    const [{ size }, { bytesRead }] = await Promise.all([
      handle.stat(),
      handle.read(beginning, 0, beginning.length, 0),
    ]);
    const bytes = Buffer.allocUnsafe(size);
    let done = beginning.copy(bytes, 0, 0, Math.min(bytesRead, size));
    spare.push(beginning);
    while (done < size) {
      const { bytesRead: more } = await handle.read(bytes, done, size - done, done);
      if (more === 0) break;
      done += more;
    }
    return bytes.subarray(0, done);
  } catch (error) {
    throw ioError(error, 'read', path);
  } finally {
    // Not waited for: each call is a trip to another thread, and nothing depends on this one.
    void closeRead(handle);
  }
}
