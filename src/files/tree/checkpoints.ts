import { lstat } from '../calls/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import type { Digest, Hasher, OpenFile } from '../copy.js';
import { takenOver } from './taken-over.js';

const FIRST = 1024 * 1024;
const AT_MOST = 256 * 1024 * 1024;

/** How much of a file is durable, and the digests of that. */
export interface DurablePart {
  readonly offset: number;
  readonly hashes: Digest['hashes'];
}

/**
 * Makes a part durable now and then while it is being written, and notes how far: when this attempt has copied the
 * first mebibyte, then each time that has doubled, at last every 256 MiB. It goes on beside the writing, which also has
 * the disk work from the beginning.
 */
export class Checkpoints {
  readonly #begin: number;
  #next: number;
  #running: Promise<void> | undefined;
  #failure: { readonly reason: unknown } | undefined;

  /**
   * @param length of the whole file.
   * @param note writes a line of the journal.
   */
  constructor(
    private readonly part: OpenFile,
    private readonly hasher: Hasher,
    private readonly length: number,
    private readonly note: (durable: DurablePart) => Promise<void>,
  ) {
    this.#begin = hasher.length;
    this.#next = hasher.length + FIRST;
  }

  /**
   * To be called when all up to a position is hashed, and before it is written.
   * @returns what is to be called when it is written.
   * @throws what has gone wrong beside the writing.
   */
  reach(): (() => void) | undefined {
    if (this.#failure) throw this.#failure.reason;
    const { length: offset } = this.hasher;
    if (this.#running || offset < this.#next || offset >= this.length) return undefined;
    this.#next = offset + Math.min(offset - this.#begin, AT_MOST);
    const { hashes } = this.hasher.digest();
    return () => {
      this.#running = this.#make({ offset, hashes })
        .catch((reason: unknown) => {
          this.#failure = { reason };
        })
        .finally(() => {
          this.#running = undefined;
        });
    };
  }

  /** Waits for what goes on beside the writing. @throws what has gone wrong there. */
  async end(): Promise<void> {
    await this.#running;
    if (this.#failure) throw this.#failure.reason;
  }

  async #make(durable: DurablePart): Promise<void> {
    const { handle, path } = this.part;
    await handle.datasync().catch((error: unknown) => {
      throw ioError(error, 'fsync', path);
    });
    await lstat(path).catch((error: unknown) => {
      throw hasErrno(error, 'ENOENT') ? takenOver(path) : ioError(error, 'look at', path);
    });
    await this.note(durable);
  }
}
