import fs, { type BigIntStats, type StatOptions, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { directly } from './directly.js';

/** What we do with open files: a part of `FileHandle`, which is one. */
export interface FileAccess {
  readonly fd: number;
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
  stat(options?: StatOptions & { bigint?: false }): Promise<Stats>;
  stat(options: StatOptions & { bigint: true }): Promise<BigIntStats>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** A larger piece is worth the trip to another thread: this one can hash meanwhile. */
const DIRECT_BYTES = 64 * 1024;
const read = promisify(fs.read);
const write = promisify(fs.write);
const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);

/** An open file whose short calls are made directly. What waits for a disk is always a trip to another thread. */
export class DirectFile implements FileAccess {
  #fd: number;
  #trips = 0;
  #onArrived: (() => void) | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get fd(): number {
    return this.#fd;
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number | null) {
    if (length > DIRECT_BYTES) return this.#trip(read(this.#fd, buffer, offset, length, position));
    return directly(() => ({ bytesRead: fs.readSync(this.#fd, buffer, offset, length, position) }));
  }

  async write(bytes: Uint8Array, offset: number, length: number, position: number | null) {
    if (length > DIRECT_BYTES) return this.#trip(write(this.#fd, bytes, offset, length, position));
    return directly(() => ({ bytesWritten: fs.writeSync(this.#fd, bytes, offset, length, position) }));
  }

  stat(options?: StatOptions & { bigint?: false }): Promise<Stats>;
  stat(options: StatOptions & { bigint: true }): Promise<BigIntStats>;
  async stat(options?: StatOptions): Promise<Stats | BigIntStats> {
    return directly(() => fs.fstatSync(this.#fd, options));
  }

  async sync(): Promise<void> {
    await this.#trip(fsync(this.#fd));
  }

  async datasync(): Promise<void> {
    await this.#trip(fdatasync(this.#fd));
  }

  /** Once: by a second time the number may be another file's. Not before what is under way has ended, likewise. */
  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd < 0) return;
    if (this.#trips > 0) await new Promise<void>((resolve) => (this.#onArrived = resolve));
    await directly(() => {
      fs.closeSync(fd);
    });
  }

  async #trip<T>(call: Promise<T>): Promise<T> {
    this.#trips++;
    try {
      return await call;
    } finally {
      this.#trips--;
      if (this.#trips === 0) this.#onArrived?.();
    }
  }
}
