import { createHash, type Hash } from 'node:crypto';
import type { FileAccess } from './calls/index.js';
import { ioError } from '../errors/index.js';
import { writeAll } from './durable.js';

/** Hash algorithms of targets and metadata that TUF clients agree on. */
export type HashAlgorithm = 'sha256' | 'sha512';

/** Length in bytes and lower-case hex digests of some bytes. */
export interface Digest {
  readonly length: number;
  readonly hashes: Readonly<Partial<Record<HashAlgorithm, string>>>;
}

/** Bytes that are read at once. */
const CHUNK = 256 * 1024;
/** One is being read, one hashed, one written. Where they do not fit into a processor's cache, a copy takes twice as long. */
const BUFFERS = 3;

export interface StreamOptions {
  readonly algorithms: readonly HashAlgorithm[];
  /** Called with the number of bytes of each chunk, for heartbeats and progress. */
  readonly onBytes?: (bytes: number) => void;
  /** Ends the work between two chunks. */
  readonly signal?: AbortSignal;
}

/** Digest of bytes in memory. */
export function digestOf(bytes: Uint8Array, algorithms: readonly HashAlgorithm[]): Digest {
  const hashes = algorithms.map((name) => [name, createHash(name).update(bytes).digest('hex')] as const);
  return { length: bytes.byteLength, hashes: Object.fromEntries(hashes) };
}

/** Digests of a growing number of bytes. */
export class Hasher {
  #length = 0;
  readonly #hashes: readonly (readonly [HashAlgorithm, Hash])[];

  constructor(algorithms: readonly HashAlgorithm[]) {
    this.#hashes = algorithms.map((name) => [name, createHash(name)] as const);
  }

  get length(): number {
    return this.#length;
  }

  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes);
    this.#length += bytes.byteLength;
  }

  /** The digest of all bytes so far; more may follow. */
  digest(): Digest {
    const hashes = this.#hashes.map(([name, hash]) => [name, hash.copy().digest('hex')] as const);
    return { length: this.#length, hashes: Object.fromEntries(hashes) };
  }
}

/** Reads an open file from its start and hashes it. `path` is for messages. */
export async function hashFile(source: FileAccess, path: string, options: StreamOptions): Promise<Digest> {
  const hasher = new Hasher(options.algorithms);
  await pump({ handle: source, path }, hasher, Number.MAX_SAFE_INTEGER, options);
  return hasher.digest();
}

/**
 * Copies an open file from its start into another, hashing what is written in the same pass.
 * The target is neither fsynced nor closed here.
 */
export async function copyHashing(
  source: OpenFile,
  target: OpenFile,
  options: StreamOptions,
): Promise<Digest> {
  const hasher = new Hasher(options.algorithms);
  await pump(source, hasher, Number.MAX_SAFE_INTEGER, options, (chunk) =>
    writeAll(target.handle, chunk, target.path),
  );
  return hasher.digest();
}

/** An open file, and its name for messages. */
export interface OpenFile {
  readonly handle: FileAccess;
  readonly path: string;
}

/**
 * Reads a file on from where the hasher stands, up to `end` at most or its own end, and hashes it. Meanwhile the next
 * chunk is read, and the one before is being used.
 * @param use gets the chunks in their order; it has the bytes until it ends.
 */
export async function pump(
  source: OpenFile,
  hasher: Hasher,
  end: number,
  { onBytes, signal }: Omit<StreamOptions, 'algorithms'>,
  use?: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const buffers: Buffer[] = [];
  const read = async (number: number, position: number): Promise<Uint8Array> => {
    const buffer = (buffers[number % BUFFERS] ??= Buffer.allocUnsafe(CHUNK));
    const length = Math.min(CHUNK, end - position);
    if (length <= 0) return buffer.subarray(0, 0);
    const { bytesRead } = await source.handle.read(buffer, 0, length, position).catch((error: unknown) => {
      throw ioError(error, 'read', source.path);
    });
    return buffer.subarray(0, bytesRead);
  };
  let using: Promise<void> = Promise.resolve();
  let reading = handled(read(0, hasher.length));
  try {
    for (let number = 1; ; number++) {
      const chunk = await reading;
      signal?.throwIfAborted();
      if (chunk.byteLength === 0) break;
      reading = handled(read(number, hasher.length + chunk.byteLength));
      hasher.update(chunk);
      await using;
      using = handled(use?.(chunk) ?? Promise.resolve());
      onBytes?.(chunk.byteLength);
    }
    await using;
  } finally {
    // Whoever closes the files may do so: nothing is under way any more.
    await Promise.allSettled([reading, using]);
  }
}

/** A promise that is awaited later: until then its failure is nobody's surprise. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
