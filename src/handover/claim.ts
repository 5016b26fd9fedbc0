import { join } from 'node:path';
import { TuflineError } from '../errors/index.js';
import { compareTimestamps } from '../timestamps/index.js';
import type { Claim } from './claim-file.js';
import { isDirectory } from './is-directory.js';
import { listTimestamps } from './list.js';
import { directoryName } from './names.js';
import { SeenClaims } from './seen-claims.js';
import { leaveClaim, takeDirectory, type DecisionOf } from './take.js';

export { isDirectory, type DecisionOf };

export interface ClaimOptions {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly timestamp: string;
  /** How many directories may be in processing at once. */
  readonly max: number;
  /** It is given back at once: it waits for nobody. */
  readonly regardless?: boolean;
  readonly decisionOf: DecisionOf;
  /** Claims that this process has read, where it claims often. */
  readonly seen?: SeenClaims;
}

export type ClaimOutcome =
  | { readonly state: 'absent' }
  | { readonly state: 'claimed' | 'committed' | 'aborted'; readonly claim: Claim };

/**
 * Takes a ready directory: renames it to `tuf_processing_X`, which is the semaphore, and leaves the release's id
 * and its manifest there. A directory that was claimed before is taken up where it stands.
 *
 * Where several may be in processing, releases are claimed strictly in order, whichever workflow is faster: earlier
 * ready directories are claimed first on behalf of theirs; and a release that shares a path with an earlier one is not
 * moved before that one is decided, so that the later bytes win.
 *
 * @returns the claim, and what the records say of it; `claim.problem` where the input cannot be released.
 * @throws transient `waiting` while others have to be processed before; transient `io-…`.
 */
export async function claimRelease(options: ClaimOptions): Promise<ClaimOutcome> {
  const { postToTufPath, timestamp, max, regardless = false, decisionOf, seen = new SeenClaims() } = options;
  const processing = join(postToTufPath, directoryName('processing', timestamp));
  if (!(await isDirectory(processing))) {
    if (!(await isDirectory(join(postToTufPath, directoryName('ready', timestamp))))) {
      // Another run may have taken it in between.
      if (!(await isDirectory(processing))) return { state: 'absent' };
    } else {
      if (!regardless) await (max > 1 ? takeThoseBefore(options) : waitForRoom(options));
      if (!(await takeDirectory(options, timestamp))) return { state: 'absent' };
    }
  }
  if (!regardless) await waitForTurn(options);
  const claim = (await seen.read(processing))?.claim ?? (await leaveClaim(processing, timestamp));
  if (!claim) return { state: 'absent' };
  const decision = await decisionOf(claim.release);
  if (decision === undefined && !claim.problem && max > 1 && !regardless) {
    await waitForSharedPaths(options, seen, claim);
  }
  return { state: decision ?? 'claimed', claim };
}

/** Claims what is ready and earlier, the oldest first, as long as there is room; and there is room for one more. */
async function takeThoseBefore(options: ClaimOptions): Promise<void> {
  const { postToTufPath, timestamp } = options;
  const ready = await listTimestamps(postToTufPath, 'ready');
  const taken = await listTimestamps(postToTufPath, 'processing');
  for (const earlier of ready) {
    // Sorted: from here on they come later.
    if (compareTimestamps(earlier, timestamp) >= 0) break;
    if (taken.includes(earlier)) continue;
    if (taken.length >= options.max) throw waitingFor(timestamp, taken);
    try {
      if (!(await takeDirectory(options, earlier))) continue;
      await leaveClaim(join(postToTufPath, directoryName('processing', earlier)), earlier);
    } catch (error) {
      throw error instanceof TuflineError ? waitingFor(timestamp, [earlier], error) : error;
    }
    taken.push(earlier);
  }
  if (taken.filter((other) => other !== timestamp).length >= options.max) throw waitingFor(timestamp, taken);
}

async function waitForRoom({ postToTufPath, timestamp, max }: ClaimOptions): Promise<void> {
  const others = (await listTimestamps(postToTufPath, 'processing')).filter((other) => other !== timestamp);
  if (others.length >= max) throw waitingFor(timestamp, others);
}

/** Two that were taken at once may be one too many: only the first `max` directories in processing go on. */
async function waitForTurn({ postToTufPath, timestamp, max }: ClaimOptions): Promise<void> {
  const processing = await listTimestamps(postToTufPath, 'processing');
  if (processing.slice(0, max).includes(timestamp)) return;
  throw waitingFor(
    timestamp,
    processing.filter((other) => other !== timestamp),
  );
}

/** Nobody waits for a later release, so the earliest always goes on: there is no circle. */
async function waitForSharedPaths(options: ClaimOptions, seen: SeenClaims, claim: Claim): Promise<void> {
  const { postToTufPath, timestamp, decisionOf } = options;
  const pathOf = (other: string): string => join(postToTufPath, directoryName('processing', other));
  for (const earlier of await listTimestamps(postToTufPath, 'processing')) {
    if (compareTimestamps(earlier, timestamp) >= 0) break;
    // One that was interrupted between the rename and the claim shall not be overlooked.
    if (!(await seen.read(pathOf(earlier)))) await leaveClaim(pathOf(earlier), earlier);
    const other = await seen.read(pathOf(earlier));
    // With a problem it is given back whatever happens.
    if (!other || other.claim.problem) continue;
    const shared = other.sharedPath((await seen.read(pathOf(timestamp)))?.paths ?? pathsOf(claim));
    if (shared === undefined || (await decisionOf(other.claim.release)) !== undefined) continue;
    throw new TuflineError({
      code: 'waiting',
      kind: 'transient',
      message: `The release ${timestamp} waits for ${earlier}, which is earlier and has ${JSON.stringify(shared)} too.`,
      remedy: 'It goes on by itself when that one is signed or given back.',
    });
  }
}

function pathsOf({ files }: Claim): ReadonlySet<string> {
  return new Set(files.map(({ path }) => path));
}

function waitingFor(timestamp: string, others: readonly string[], why?: TuflineError): TuflineError {
  const names = others.slice(0, 3).join(', ');
  const state = why
    ? `which cannot be taken: ${why.message}`
    : `which ${others.length === 1 ? 'is' : 'are'} being processed.`;
  return new TuflineError({
    code: 'waiting',
    kind: 'transient',
    message: `${directoryName('ready', timestamp)} waits for ${names}, ${state}`,
    remedy: why
      ? why.remedy
      : 'It goes on by itself when they are through ("tufline status" shows what blocks them).',
    ...(why ? { cause: why } : {}),
  });
}
