import { join } from 'node:path';
import { open, rename, unlink, type FileAccess } from '../calls/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import { Hasher, pump, type Digest, type OpenFile, type StreamOptions } from '../copy.js';
import { closeRead, createNew, finishFile, writeAll } from '../durable.js';
import { Checkpoints } from './checkpoints.js';
import type { Filling, TreeFile } from './fill.js';
import type { PartLine } from './journal.js';
import { partName } from './part-name.js';
import { linkOthers, placeOf } from './place.js';
import { takenOver } from './taken-over.js';

/**
 * Copies one file of more than a chunk. Until it is whole it lies under a name of its own at the top of the tree, and
 * the journal says how much of it is durable: the next attempt takes it from there and goes on.
 */
export async function fillLarge<F extends TreeFile>(filling: Filling<F>, file: F): Promise<void> {
  const { source } = filling;
  const path = await placeOf(filling, source.namesOf(file)[0] ?? file.path);
  const handle = await source.open(file);
  const from = { handle, path: source.pathOf(file) };
  let digest: Digest;
  try {
    await source.check?.(file, handle);
    digest =
      (await linkAndHash(filling, file, from, path)) ??
      (await cloneAndHash(filling, file, from, path)) ??
      (await copyInParts(filling, file, from, path));
    await source.check?.(file, handle);
  } finally {
    await closeRead(handle);
  }
  source.accept(file, digest);
  await linkOthers(filling, file, path);
  await filling.done(file, digest);
}

async function linkAndHash<F extends TreeFile>(
  filling: Filling<F>,
  file: F,
  from: OpenFile,
  path: string,
): Promise<Digest | undefined> {
  if (!(await filling.source.link?.(file, path))) return undefined;
  return hashAll(filling, file, from);
}

/** What is hashed is the clone, which nobody else can change. */
async function cloneAndHash<F extends TreeFile>(
  filling: Filling<F>,
  file: F,
  from: OpenFile,
  path: string,
): Promise<Digest | undefined> {
  const clone = await filling.cloning.clone(from, path);
  if (!clone) return undefined;
  try {
    const digest = await hashAll(filling, file, { handle: clone, path });
    await finishFile(clone, path);
    return digest;
  } finally {
    await closeRead(clone);
  }
}

async function hashAll<F extends TreeFile>(filling: Filling<F>, file: F, from: OpenFile): Promise<Digest> {
  const hasher = new Hasher(filling.algorithms);
  // One byte more than there should be shows that there are more.
  await pump(from, hasher, file.length + 1, filling);
  return hasher.digest();
}

async function copyInParts<F extends TreeFile>(
  filling: Filling<F>,
  file: F,
  from: OpenFile,
  path: string,
): Promise<Digest> {
  const { top, journal, attempts, algorithms } = filling;
  const part = join(top, partName(file.path));
  const begun = await attempts.takePart(file.path, top, journal);
  const hasher = (begun && (await hashBegun(filling, from, begun, part))) ?? new Hasher(algorithms);
  const to = { handle: await openPart(part, hasher.length), path: part };
  const checkpoints = new Checkpoints(to, hasher, file.length, async (durable) => {
    await journal.add({ path: file.path, ...durable });
    await journal.flush();
  });
  let position = hasher.length;
  try {
    // Never beyond the length: a part that is taken up is written over and not cut off, as who began it may still
    // have it open.
    await pump(from, hasher, file.length, filling, async (chunk) => {
      const isWritten = checkpoints.reach();
      await writeAll(to.handle, chunk, part, position);
      position += chunk.byteLength;
      isWritten?.();
    });
    await checkpoints.end();
    await finishFile(to.handle, part);
  } finally {
    await checkpoints.end().catch(() => undefined);
    await closeRead(to.handle);
  }
  await renamePart(part, path);
  return hasher.digest();
}

/**
 * The hash of what is durable is of the source, and not of the copy: where they differ, the targets worker has to see
 * it. What the copy was hashed to then has to be the same now, or the file is begun anew.
 */
async function hashBegun<F extends TreeFile>(
  filling: Filling<F>,
  from: OpenFile,
  begun: PartLine,
  part: string,
): Promise<Hasher | undefined> {
  const hasher = new Hasher(filling.algorithms);
  const { onAdopted, signal } = filling;
  const progress: Omit<StreamOptions, 'algorithms'> = {
    ...(onAdopted ? { onBytes: onAdopted } : {}),
    ...(signal ? { signal } : {}),
  };
  await pump(from, hasher, begun.offset, progress);
  const { length, hashes } = hasher.digest();
  const isSame = filling.algorithms.every((name) => hashes[name] === begun.hashes[name]);
  if (isSame && length === begun.offset) return hasher;
  await unlink(part).catch((error: unknown) => {
    throw ioError(error, 'remove', part);
  });
  return undefined;
}

async function openPart(part: string, offset: number): Promise<FileAccess> {
  if (offset === 0) return createNew(part, 0o666);
  return open(part, 'r+').catch((error: unknown) => {
    throw ioError(error, 'open', part);
  });
}

async function renamePart(part: string, path: string): Promise<void> {
  await rename(part, path).catch((error: unknown) => {
    throw hasErrno(error, 'ENOENT') ? takenOver(path) : ioError(error, 'rename', part);
  });
}
