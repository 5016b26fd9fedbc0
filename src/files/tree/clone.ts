import { constants } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open, stat, type FileAccess } from '../calls/index.js';
import { ioError } from '../../errors/index.js';
import type { OpenFile } from '../copy.js';
import { JOURNAL_FILE } from './journal.js';

const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;

/**
 * Clones files where the file system can (Btrfs, XFS, some NFS servers): the blocks are shared until one of the two is
 * written. One refusal is enough to know that the others are to be copied.
 */
export class Cloning {
  #isRefused = false;

  /** @param top of the tree: which file system the clones are to be on, and their mode (that of its journal). */
  constructor(private readonly top: string) {}

  /** @returns the open clone, neither hashed nor fsynced; undefined where the file has to be copied. */
  async clone(from: OpenFile, path: string): Promise<FileAccess | undefined> {
    if (this.#isRefused) return undefined;
    let mode: number;
    try {
      const [source, own] = await Promise.all([from.handle.stat(), stat(join(this.top, JOURNAL_FILE))]);
      if (source.dev !== own.dev) throw new Error('another file system');
      // The file that was opened, whatever its name leads to by now. What fails leaves nothing.
      const opened = `/proc/self/fd/${String(from.handle.fd)}`;
      await copyFile(opened, path, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE);
      mode = own.mode & 0o777;
    } catch {
      // Whatever it was: if it is in the way of copying too, that will say so.
      this.#isRefused = true;
      return undefined;
    }
    await chmod(path, mode).catch((error: unknown) => {
      throw ioError(error, 'set the mode of', path);
    });
    return open(path, 'r+').catch((error: unknown) => {
      throw ioError(error, 'open', path);
    });
  }
}
