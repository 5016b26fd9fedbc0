import { constants } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, ioError } from '../errors/index.js';
import {
  closeRead,
  eachAtOnce,
  type FileAccess,
  type HashAlgorithm,
  hashFile,
  open,
} from '../files/index.js';
import type { Manifest } from './inbound.js';

const AT_ONCE = 8;

/**
 * Whether every file of a copy still is what its manifest says: a move is asked for again where the targets worker
 * has found one that is not.
 */
export async function isIntact(
  directory: string,
  manifest: Manifest,
  algorithms: readonly HashAlgorithm[],
  {
    signal,
    onBytes,
  }: { readonly signal?: AbortSignal | undefined; readonly onBytes?: ((bytes: number) => void) | undefined },
): Promise<boolean> {
  let isSame = true;
  const progress = { ...(signal ? { signal } : {}), ...(onBytes ? { onBytes } : {}) };
  await eachAtOnce(manifest.files, AT_ONCE, async (file) => {
    signal?.throwIfAborted();
    if (!isSame) return;
    const path = join(directory, file.path);
    const handle = await openIfFile(path);
    try {
      const digest = handle && (await hashFile(handle, path, { algorithms, ...progress }));
      if (
        digest?.length !== file.length ||
        !algorithms.every((name) => digest.hashes[name] === file.hashes[name])
      )
        isSame = false;
    } finally {
      if (handle) await closeRead(handle);
    }
  });
  return isSame;
}

async function openIfFile(path: string): Promise<FileAccess | undefined> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (hasErrno(error, 'ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO')) return undefined;
      throw ioError(error, 'open', path);
    },
  );
}
