import { dirname } from 'node:path';
import { mkdir } from '../calls/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import { eachAtOnce } from '../at-once.js';
import { fsyncDirectory } from '../durable.js';

const AT_ONCE = 8;

/** The directories of a tree that is being filled: each is made once, and fsynced once, at the end. */
export class NewDirectories {
  readonly #made = new Map<string, Promise<void>>();
  #areDurable = false;

  /** @param top is there already. */
  constructor(top: string) {
    this.#made.set(top, Promise.resolve());
  }

  /** Whether they have been fsynced, all of them. */
  get areDurable(): boolean {
    return this.#areDurable;
  }

  /** Makes a directory below the top, and those above it that are missing. */
  async make(directory: string): Promise<void> {
    let made = this.#made.get(directory);
    if (!made) {
      made = this.#make(directory);
      this.#made.set(directory, made);
      // The next file tries again.
      made.catch(() => this.#made.delete(directory));
    }
    await made;
  }

  async #make(directory: string): Promise<void> {
    await this.make(dirname(directory));
    await mkdir(directory).catch((error: unknown) => {
      // Our own, whose answer was lost.
      if (!hasErrno(error, 'EEXIST')) throw ioError(error, 'make', directory);
    });
  }

  /** Makes all entries in them durable: to be called when all are there. */
  async fsync(signal?: AbortSignal): Promise<void> {
    await eachAtOnce(this.#made.keys(), AT_ONCE, async (directory) => {
      signal?.throwIfAborted();
      await fsyncDirectory(directory);
    });
    this.#areDurable = true;
  }
}
