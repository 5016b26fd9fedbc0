import { TuflineError } from '../../errors/index.js';
import { eachAtOnce } from '../at-once.js';
import type { Digest } from '../copy.js';
import { Cloning } from './clone.js';
import { EarlierAttempts } from './earlier.js';
import type { Filling, FillOptions, TreeFile } from './fill.js';
import { fillLarge } from './fill-large.js';
import { fillSmall } from './fill-small.js';
import { Journal } from './journal.js';
import { NewDirectories } from './new-directories.js';
import { isTakenOver } from './taken-over.js';

/** Small files wait for each other's fsyncs, large ones for the disk. */
const BATCHES_AT_ONCE = 8;
const FILES_A_BATCH = 32;
const BYTES_A_BATCH = 1024 * 1024;
/** Longer files are no part of a batch: they have a part file and checkpoints. */
const LARGE = BYTES_A_BATCH;
const LARGE_AT_ONCE = 2;

export interface Filled {
  /** In the order of the files; those of which something failed have none. */
  readonly digests: readonly (Digest | undefined)[];
  /** Tolerated ones. Where there are any, the tree is not whole. */
  readonly failures: readonly TuflineError[];
}

/**
 * Copies files into a directory, hashing them on the way, and makes all of it durable: each file, and each directory
 * once. What earlier attempts have made durable is taken up, so that an attempt that is interrupted costs what it
 * had under way and no more. An interrupted tree is left as it is, for the next attempt.
 *
 * Memory is for the digests and for what is under way: it does not grow with the size of files.
 *
 * @throws what the source says; transient `attempt-taken-over` and `io-…`; the signal's reason between two chunks,
 *   files or fsyncs.
 */
export async function fillTree<F extends TreeFile>(options: FillOptions<F>): Promise<Filled> {
  const { top, of, earlier, files, algorithms, signal, tolerated = 0 } = options;
  const digests = new Map<F, Digest>();
  const failures: TuflineError[] = [];
  const attempts = await EarlierAttempts.read(earlier, of, algorithms);
  const journal = await Journal.begin(top, of);
  const directories = new NewDirectories(top);
  const filling: Filling<F> = {
    ...options,
    ...{ attempts, journal, directories, cloning: new Cloning(top) },
    beside: isOneBatch(files) ? () => directories.fsync(signal) : undefined,
    async done(file, digest) {
      digests.set(file, digest);
      await journal.add({ path: file.path, ...digest });
      options.onFile?.(file.path);
    },
    failed(error) {
      if (!(error instanceof TuflineError) || error.kind !== 'transient') throw error;
      if (tolerated === 0 || isTakenOver(error)) throw error;
      failures.push(error);
      if (failures.length > tolerated) throw error;
    },
  };
  try {
    await eachAtOnce(batchesOf(files), BATCHES_AT_ONCE, (batch) => fillBatch(filling, batch));
    await eachAtOnce(files.filter(isLarge), LARGE_AT_ONCE, async (file) => {
      signal?.throwIfAborted();
      try {
        if (!(await adopt(filling, file))) await fillLarge(filling, file);
      } catch (error) {
        filling.failed(error);
      }
    });
  } catch (error) {
    await journal.close().catch(() => undefined);
    // One too many of those that are tolerated.
    if (!(error instanceof TuflineError) || !failures.includes(error)) throw error;
  }
  await Promise.all([
    journal.close(),
    ...(failures.length === 0 && !directories.areDurable ? [directories.fsync(signal)] : []),
  ]);
  return { digests: files.map((file) => digests.get(file)), failures };
}

async function fillBatch<F extends TreeFile>(filling: Filling<F>, batch: readonly F[]): Promise<void> {
  const left: F[] = [];
  for (const file of batch) {
    filling.signal?.throwIfAborted();
    try {
      if (!(await adopt(filling, file))) left.push(file);
    } catch (error) {
      filling.failed(error);
    }
  }
  if (left.length > 0) await fillSmall(filling, left);
}

/** @returns whether an earlier attempt has left this file. */
async function adopt<F extends TreeFile>(filling: Filling<F>, file: F): Promise<boolean> {
  const { attempts, source, top, directories, onAdopted } = filling;
  const digest = await attempts.takeWhole(file, source.namesOf(file), top, directories);
  if (!digest) return false;
  source.accept(file, digest);
  onAdopted?.(file.length);
  await filling.done(file, digest);
  return true;
}

function isLarge({ length }: TreeFile): boolean {
  return length > LARGE;
}

function isOneBatch(files: readonly TreeFile[]): boolean {
  if (files.length > FILES_A_BATCH || files.some(isLarge)) return false;
  return files.reduce((sum, { length }) => sum + length, 0) < BYTES_A_BATCH;
}

/** Batches of small files, one at a time: there may be very many files. */
function* batchesOf<F extends TreeFile>(files: readonly F[]): Generator<readonly F[]> {
  let batch: F[] = [];
  let bytes = 0;
  for (const file of files) {
    if (isLarge(file)) continue;
    batch.push(file);
    bytes += file.length;
    if (batch.length < FILES_A_BATCH && bytes < BYTES_A_BATCH) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
