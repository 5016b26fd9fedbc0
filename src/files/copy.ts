import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ioError } from '../errors/index.js';
import { writeAll } from './durable.js';

/** Hash algorithms of targets and metadata that TUF clients agree on. */
export type HashAlgorithm = 'sha256' | 'sha512';

/** Length in bytes and lower-case hex digests of some bytes. */
export interface Digest {
  readonly length: number;
  readonly hashes: Readonly<Partial<Record<HashAlgorithm, string>>>;
}

const CHUNK = 1024 * 1024;

export interface StreamOptions {
  readonly algorithms: readonly HashAlgorithm[];
  /** Called with the number of bytes of each chunk, for heartbeats and progress. */
  readonly onBytes?: (bytes: number) => void;
  /** Ends the work between two chunks. */
  readonly signal?: AbortSignal;
}

/** Digest of bytes in memory. */
export function digestOf(bytes: Uint8Array, algorithms: readonly HashAlgorithm[]): Digest {
  return finish(
    bytes.byteLength,
    algorithms.map((name) => [name, createHash(name).update(bytes)] as const),
  );
}

/** Reads an open file from its start and hashes it. `path` is for messages. */
export async function hashFile(source: FileHandle, path: string, options: StreamOptions): Promise<Digest> {
  return stream(source, path, options, () => Promise.resolve());
}

/**
 * Copies an open file from its start into another, hashing what is written in the same pass.
 * The target is neither fsynced nor closed here.
 */
export async function copyHashing(
  source: { readonly handle: FileHandle; readonly path: string },
  target: { readonly handle: FileHandle; readonly path: string },
  options: StreamOptions,
): Promise<Digest> {
  return stream(source.handle, source.path, options, (chunk) => writeAll(target.handle, chunk, target.path));
}

async function stream(
  source: FileHandle,
  path: string,
  { algorithms, onBytes, signal }: StreamOptions,
  use: (chunk: Uint8Array) => Promise<void>,
): Promise<Digest> {
  const hashes = algorithms.map((name) => [name, createHash(name)] as const);
  const buffer = Buffer.allocUnsafe(CHUNK);
  let length = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, CHUNK, length).catch((error: unknown) => {
      throw ioError(error, 'read', path);
    });
    if (bytesRead === 0) return finish(length, hashes);
    const chunk = buffer.subarray(0, bytesRead);
    for (const [, hash] of hashes) hash.update(chunk);
    await use(chunk);
    length += bytesRead;
    onBytes?.(bytesRead);
  }
}

function finish(length: number, hashes: readonly (readonly [HashAlgorithm, Hash])[]): Digest {
  return { length, hashes: Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')])) };
}
