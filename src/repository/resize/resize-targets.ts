import { isSameLayout, type HashBins } from '../metadata/hash-bins.js';
import type { CommitRecord } from '../records/records.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { currentTargets } from '../roles/current-targets.js';
import type { TargetsSigners } from '../roles/targets-signers.js';
import { commitLayout } from './commit-layout.js';
import { layoutAuthority } from './layout-authority.js';
import { checkRoom } from './room.js';
import { ResizeStage } from './resize-stage.js';
import { sizeOf, unitsOf } from './units.js';
import { UnitWork } from './unit-work.js';

export interface ResizeOptions {
  /** Takes turns with whatever else commits in this process. */
  readonly inTurn?: <T>(run: () => Promise<T>) => Promise<T>;
  /** How far it is, in files of the finer layout. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work between two units; what is done is kept for the next attempt. */
  readonly signal?: AbortSignal;
}

export interface ResizeOutcome {
  /** `there`: targets were spread like this already. */
  readonly state: 'resized' | 'there';
  /** The newest commit. */
  readonly record: CommitRecord;
  /** Units of the work, and how many of them an earlier attempt had done. */
  readonly units: number;
  readonly reused: number;
}

/** What releases have changed meanwhile is caught up with beside them so many times, or until it is this little. */
const ROUNDS = 4;
const FEW_FILES = 64;

/**
 * Spreads the targets over another number of bins, or over bins of another style (§4.5), by one commit: until its
 * record is linked, nothing of it is visible to anybody, and afterwards everything. Releases go on meanwhile. May be
 * ended at any point: the next attempt goes on with what this one has finished.
 *
 * @param to undefined: all targets into `targets.json`.
 * @throws usage `no-key`, `key-not-in-root`, `threshold-not-met` before any work; transient `resize-taken-over` where
 *   another attempt goes on with it, `no-room`, and `io-…`; permanent `count-differs`, `malformed-metadata`.
 */
export async function resizeTargets(
  repository: Repository,
  signers: TargetsSigners,
  to: HashBins | undefined,
  options: ResizeOptions = {},
): Promise<ResizeOutcome> {
  const { inTurn = atOnce } = options;
  for (;;) {
    const { latest, state } = await inTurn(() => copyOfCurrent(repository));
    if (isSameLayout(state.hashBins, to)) return { state: 'there', record: latest, units: 0, reused: 0 };
    await layoutAuthority(repository, signers, state, to);
    const outcome = await resizeFrom(repository, signers, state, to, options);
    if (outcome) return outcome;
  }
}

function atOnce<T>(run: () => Promise<T>): Promise<T> {
  return run();
}

/** @returns undefined where somebody else has brought another layout meanwhile. */
async function resizeFrom(
  repository: Repository,
  signers: TargetsSigners,
  before: TargetsState,
  to: HashBins | undefined,
  { inTurn = atOnce, onProgress, signal }: ResizeOptions,
): Promise<ResizeOutcome | undefined> {
  const from = before.hashBins;
  const units = unitsOf(from, to);
  const stage = await ResizeStage.open(repository, from?.count ?? 0, to?.count ?? 0);
  const work = new UnitWork(repository, stage, to, units, { onProgress, signal });
  try {
    await checkRoom(repository, before, units, stage);
    for (let round = 1; ; round++) {
      const { state } = await inTurn(() => copyOfCurrent(repository));
      if (!isSameLayout(state.hashBins, from)) break;
      const by = await layoutAuthority(repository, signers, state, to);
      const stale = work.stale(state, by);
      if (round > ROUNDS || (round > 1 && sizeOf(stale) <= FEW_FILES)) break;
      await work.make(stale, state, by);
    }
    const record = await inTurn(() => commitLayout(repository, signers, work, from, to));
    if (record) return { state: 'resized', record, units: units.length, reused: work.reused };
    await stage.discard();
    return undefined;
  } catch (error) {
    throw await work.explained(error);
  }
}

/** The newest commit, complete, and the state after it: of its own, as others commit while this one is used. */
async function copyOfCurrent(
  repository: Repository,
): Promise<{ readonly latest: CommitRecord; readonly state: TargetsState }> {
  const { latest, state } = await currentTargets(repository);
  return { latest, state: { ...state, meta: new Map(state.meta) } };
}
