import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoName, hasErrno, ioError, TuflineError } from '../errors/index.js';
import { access, fsyncDirectory, lstat, putOnce, removeFile, rename, renameFile } from '../files/index.js';
import { readClaim, readJsonFile, unlessDamaged, type Claim } from './claim-file.js';
import { failureSchema } from './failure-file.js';
import { isDirectory } from './is-directory.js';
import { CLAIM_FILE, directoryName, ERROR_FILE, RETRY_FILE } from './names.js';
import { walkRelease } from './walk.js';

/** What the records say of a release id. */
export type DecisionOf = (release: string) => Promise<'committed' | 'aborted' | undefined>;

const retrySchema = z.object({ force: z.boolean() });

export interface TakeOptions {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly decisionOf: DecisionOf;
}

/**
 * Renames `tuf_ready_X` to `tuf_processing_X`, once it is sure that the release could be finished.
 * @returns false where there is neither of the two.
 */
export async function takeDirectory(
  { postToTufPath, inboundPath, decisionOf }: TakeOptions,
  timestamp: string,
): Promise<boolean> {
  const ready = join(postToTufPath, directoryName('ready', timestamp));
  const processing = join(postToTufPath, directoryName('processing', timestamp));
  try {
    for (const directory of [postToTufPath, inboundPath, ready]) await mustBeWritable(directory);
    await setForeignAside(ready, decisionOf);
    await rename(ready, processing);
  } catch (error) {
    // Another run, or our own rename whose answer was lost.
    if (!(await isDirectory(ready))) return isDirectory(processing);
    throw error instanceof TuflineError ? error : ioError(error, 'rename', ready);
  }
  await fsyncDirectory(postToTufPath);
  return true;
}

/**
 * A pipeline may have given a file one of the names that are ours: it must not be taken for ours. Under its new
 * name, which is reserved too, it has the release refused.
 */
async function setForeignAside(ready: string, decisionOf: DecisionOf): Promise<void> {
  for (const name of [CLAIM_FILE, ERROR_FILE, RETRY_FILE]) {
    const stats = await lookAt(join(ready, name));
    if (!stats || (stats.isFile() && name !== CLAIM_FILE && (await isOurs(ready, name)))) continue;
    // Left by an interrupted run, in a failed directory that somebody has made ready by hand.
    if (stats.isFile() && name === CLAIM_FILE && (await isOfDecided(ready, decisionOf))) {
      await removeFile(join(ready, name));
      await fsyncDirectory(ready);
    } else await setAsideAsForeign(ready, name);
  }
}

async function setAsideAsForeign(directory: string, name: string): Promise<void> {
  const foreign = `tufline-foreign-${randomBytes(4).toString('hex')}.json`;
  await renameFile(join(directory, name), join(directory, foreign));
  await fsyncDirectory(directory);
}

async function lookAt(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw ioError(error, 'look at', path);
  });
}

async function isOurs(ready: string, name: string): Promise<boolean> {
  const read = readJsonFile<unknown>(join(ready, name), name === ERROR_FILE ? failureSchema : retrySchema);
  return (await unlessDamaged(read)) !== undefined;
}

async function isOfDecided(ready: string, decisionOf: DecisionOf): Promise<boolean> {
  const claim = await readClaim(ready);
  return claim !== undefined && (await decisionOf(claim.release)) !== undefined;
}

/**
 * Leaves the release's id and its manifest in a processing directory, unless they are there.
 * @returns the claim that is there now, or undefined where the directory is gone.
 */
export async function leaveClaim(processing: string, timestamp: string): Promise<Claim | undefined> {
  try {
    return await claimIn(processing, timestamp);
  } catch (error) {
    // Who asks on behalf of another's release may find that it is through meanwhile.
    if (await isDirectory(processing)) throw error;
    return undefined;
  }
}

async function claimIn(processing: string, timestamp: string): Promise<Claim | undefined> {
  // A claim that somebody damaged tells no longer which release it was: it has the directory refused.
  const damaged = await lookAt(join(processing, CLAIM_FILE));
  if (damaged && (await readClaim(processing)) === undefined) await setAsideAsForeign(processing, CLAIM_FILE);
  const { files, sums, problem } = await walkRelease(processing);
  const retry = await unlessDamaged(readJsonFile(join(processing, RETRY_FILE), retrySchema));
  const claim: Claim = {
    format: 1,
    release: randomBytes(8).toString('hex'),
    timestamp,
    claimed_at: new Date().toISOString(),
    force: retry?.force ?? false,
    files: [...files],
    ...(sums ? { sums } : {}),
    ...(problem ? { problem: { code: problem.code, message: problem.message, remedy: problem.remedy } } : {}),
  };
  const outcome = await putOnce(join(processing, CLAIM_FILE), Buffer.from(`${JSON.stringify(claim)}\n`));
  // Of two at once the first is the truth.
  return outcome === 'other' ? readClaim(processing) : claim;
}

async function mustBeWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!hasErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw ioError(error, 'look at', directory);
    throw new TuflineError({
      code: `io-${(errnoName(error) ?? 'eacces').toLowerCase()}`,
      kind: 'transient',
      message: `The monitor may not write to ${directory}, so it could not finish the release.`,
      remedy: 'Give its group write access (docs/permissions.md); the step is tried again by itself.',
      path: directory,
      cause: error,
    });
  }
}
