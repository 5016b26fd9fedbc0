import { dirname, join } from 'node:path';
import { hasErrno, ioError } from '../errors/index.js';
import {
  eachAtOnce,
  fsyncDirectory,
  journalSubject,
  lstat,
  readdir,
  removeFile,
  rename,
  renameFile,
  rmdir,
  sweepTemporary,
} from '../files/index.js';
import { readClaim, type Claim } from './claim-file.js';
import { isDirectory } from './claim.js';
import { inboundDirectory, listAttempts, readManifest, removeCopy } from './inbound.js';
import { listCopies } from './list.js';
import { CLAIM_FILE, directoryName, ERROR_FILE, RETRY_FILE } from './names.js';
import { isSameFile, seenAs, walkRelease, type SeenFile } from './walk.js';

const AT_ONCE = 8;

export interface DecidedRelease {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly timestamp: string;
  readonly release: string;
}

export interface CleanupOutcome {
  /** Files that were not part of the release, or were exchanged after it, left in `tuf_done_X`: the pipeline still wrote. */
  readonly left: readonly string[];
}

/**
 * Releases the semaphore and deletes what was published: only to be called for a release that a record commits
 * and a timestamp shows (G1). `tuf_processing_X` becomes `tuf_done_X` first; then exactly the files of the claim
 * are deleted, as the claim has seen them. Can be run again at any point.
 * @param signal ends the work between two files.
 */
export async function cleanUpRelease(release: DecidedRelease, signal?: AbortSignal): Promise<CleanupOutcome> {
  const { postToTufPath, timestamp } = release;
  await setAside(release, 'done');
  let left: readonly string[] = [];
  for (const directory of await listCopies(postToTufPath, 'done', timestamp)) {
    const claim = await readClaim(directory);
    if (claim?.release === release.release) left = await deleteFiles(directory, claim, signal);
  }
  await removeInbound(release, signal);
  return { left };
}

/**
 * Renames the processing directory of this release away from the semaphore, under the first free name. What was
 * renamed is looked at again: it may have been exchanged for another release's in between.
 * @returns its new path, or undefined where there is none of this release.
 */
export async function setAside(
  { postToTufPath, timestamp, release }: DecidedRelease,
  state: 'done' | 'failed',
): Promise<string | undefined> {
  const processing = join(postToTufPath, directoryName('processing', timestamp));
  if ((await readClaim(processing))?.release !== release) return undefined;
  for (let copy = 1; ; copy++) {
    const aside = join(postToTufPath, directoryName(state, timestamp, copy));
    if (await isDirectory(aside)) continue;
    try {
      await rename(processing, aside);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      if (hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) continue;
      throw ioError(error, 'rename', processing);
    }
    if ((await readClaim(aside))?.release !== release) {
      await renameFile(aside, processing);
      await fsyncDirectory(postToTufPath);
      return undefined;
    }
    await fsyncDirectory(postToTufPath);
    return aside;
  }
}

/** Deletes the files of the claim, the claim last, so that an interrupted run is taken up again. */
async function deleteFiles(directory: string, claim: Claim, signal?: AbortSignal): Promise<string[]> {
  const files = [...claim.files, ...(claim.sums ? [claim.sums] : [])];
  await eachAtOnce(files, AT_ONCE, async (file) => {
    signal?.throwIfAborted();
    await deleteIfSame(directory, file);
  });
  for (const name of [RETRY_FILE, ERROR_FILE]) await removeFile(join(directory, name));
  // The directory is decided: whoever still places a claim or an error file in it comes too late.
  await sweepTemporary(directory, () => true);
  await removeEmptyDirectories(Buffer.from(directory), signal);
  // Files must not come back after a power cut when the claim that tells whose they are does not.
  await fsyncDirectory(directory);
  const rest = await walkRelease(directory, signal);
  await removeFile(join(directory, CLAIM_FILE));
  await removeIfEmpty(directory);
  await fsyncDirectory(dirname(directory));
  const left = rest.files.map(({ path }) => path);
  if (rest.problem?.path !== undefined && !left.includes(rest.problem.path)) left.push(rest.problem.path);
  return left;
}

/** What the pipeline has put in the place of a published file is not ours to delete. */
async function deleteIfSame(directory: string, file: SeenFile): Promise<void> {
  const path = join(directory, file.path);
  const stats = await lstat(path, { bigint: true }).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw ioError(error, 'look at', path);
  });
  if (stats?.isFile() && isSameFile(file, seenAs(file.path, stats, file.inode !== undefined)))
    await removeFile(path);
}

/** Below a directory, the deepest first: also those in which the pipeline has put nothing. Names may be no UTF-8. */
async function removeEmptyDirectories(directory: Buffer, signal?: AbortSignal): Promise<void> {
  const entries = await readdir(directory, { encoding: 'buffer', withFileTypes: true }).catch(
    (error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return [];
      throw ioError(error, 'read', directory.toString());
    },
  );
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    signal?.throwIfAborted();
    const below = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    await removeEmptyDirectories(below, signal);
    await removeIfEmpty(below);
  }
}

/** Removes a directory in which nothing is. */
export async function removeIfEmpty(directory: string | Buffer): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST'))
      throw ioError(error, 'remove', directory.toString());
  }
}

/** Removes the copy in the inbound directory, and what interrupted moves of this timestamp left there. */
export async function removeInbound(
  { inboundPath, timestamp, release }: DecidedRelease,
  signal?: AbortSignal,
): Promise<void> {
  const inbound = inboundDirectory(inboundPath, timestamp);
  if ((await readManifest(inbound))?.release === release) {
    await removeCopy(inbound, timestamp, signal);
  }
  for (const attempt of await listAttempts(inboundPath, timestamp)) {
    // An earlier release of this timestamp may be cleaned up late, while another one is being copied.
    const of = (await journalSubject(attempt)) ?? (await readManifest(attempt))?.release;
    if (of === undefined || of === release) await removeCopy(attempt, timestamp, signal);
  }
}
