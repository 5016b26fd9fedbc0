import { permanent, type TuflineError } from '../../errors/index.js';
import { compareTimestamps } from '../../timestamps/index.js';
import { decided, type Decided } from '../decision.js';
import { expiresAt } from '../expiry.js';
import type { CommitRecord, ReleaseEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import type { StagedRelease } from '../staging/stage-release.js';
import { discardStage } from '../staging/stage.js';
import { completeLatest } from './append.js';
import { appendTargets } from './append-targets.js';
import { groupByFile } from './changes-by-file.js';
import { changesOf, refusedReplacements } from './check-replacements.js';
import { currentTargets, loadTargets } from './current-targets.js';
import type { TargetsSigners } from './targets-signers.js';

/** What came of one release of several that were committed together. */
export type CommitOutcome =
  | { readonly state: 'committed'; readonly record: CommitRecord }
  /** It can never be committed: `aborted`, `immutable-target`, `superseded`, `path-conflict`. */
  | { readonly state: 'refused'; readonly error: TuflineError };

/**
 * Commits staged releases together: new versions of the metadata that lists their targets (§4.5), one record, and the
 * files in their places. The link of the record is the commit, the point of no return. A release that may not be
 * committed holds up none of the others; those that write the same target do so in the order of their timestamps. Run
 * again with what has been committed, it gives that record.
 *
 * @returns what came of each, in the order given.
 * @throws transient `io-…` and its like: then none of them is known to be committed.
 */
export async function commitReleases(
  repository: Repository,
  signers: TargetsSigners,
  staged: readonly StagedRelease[],
): Promise<CommitOutcome[]> {
  const outcomes = new Map<StagedRelease, CommitOutcome>();
  for (;;) {
    // The newest record first: of releases that are not decided up to it the next one can be the first to speak.
    const current = await currentTargets(repository);
    for (const release of staged) {
      if (outcomes.has(release)) continue;
      const before = await decided(repository, current.latest, release.release);
      if (before) outcomes.set(release, await outcomeOf(release, before));
    }
    const waiting = staged.filter((release) => !outcomes.has(release));
    const refused = await refusedReplacements(repository, current, waiting);
    for (const [release, error] of refused) outcomes.set(release, { state: 'refused', error });
    const admitted = waiting
      .filter((release) => !refused.has(release))
      .sort((a, b) => compareTimestamps(a.timestamp, b.timestamp));
    if (admitted.length > 0) {
      const record = await append(repository, signers, current, admitted);
      if (!record) continue;
      for (const release of admitted) outcomes.set(release, { state: 'committed', record });
    }
    return staged.map((release) => {
      const outcome = outcomes.get(release);
      if (!outcome) throw new Error('every release has an outcome');
      return outcome;
    });
  }
}

async function append(
  repository: Repository,
  signers: TargetsSigners,
  current: Awaited<ReturnType<typeof currentTargets>>,
  admitted: readonly StagedRelease[],
): Promise<CommitRecord | undefined> {
  const { state } = current;
  const files = groupByFile(state.hashBins, admitted);
  const role = repository.options.roles[state.hashBins ? 'bins' : 'targets'];
  const expires = expiresAt(repository.now(), role.expiry);
  return appendTargets(repository, signers, {
    kind: 'release',
    current,
    hashBins: state.hashBins,
    files: files.keys(),
    expires: () => expires,
    changes: async (file) => {
      const meta = state.meta.get(file);
      if (!meta) throw new Error(`no record names ${file}`);
      return changesOf(await loadTargets(repository, file, meta), files.get(file) ?? []);
    },
    stages: admitted.map(({ stage }) => stage.id),
    releases: admitted.map(({ release, timestamp, files: count, bytes }) => ({
      release,
      timestamp,
      files: count,
      bytes,
    })),
  });
}

/**
 * Looks whether a release has been committed, and if so completes what may be left of putting it in place.
 * @throws permanent `aborted` where it has been aborted.
 */
export async function resumeCommit(
  repository: Repository,
  release: Pick<ReleaseEntry, 'release' | 'timestamp'>,
): Promise<CommitRecord | undefined> {
  // Records before the newest are complete, or the newest could not be there.
  const latest = await completeLatest(repository, repository.commits);
  const before = latest && (await decided(repository, latest, release.release));
  if (!before) return undefined;
  if (before.decision === 'aborted') throw aborted(release, before);
  return before.record;
}

async function outcomeOf(release: StagedRelease, before: Decided): Promise<CommitOutcome> {
  // Staged for nothing where another attempt has committed.
  if (!before.record.stages.includes(release.stage.id)) await discardStage(release.stage);
  return before.decision === 'aborted'
    ? { state: 'refused', error: aborted(release, before) }
    : { state: 'committed', record: before.record };
}

function aborted(
  { release, timestamp }: Pick<ReleaseEntry, 'release' | 'timestamp'>,
  { record }: Decided,
): TuflineError {
  return permanent(
    'aborted',
    `The release ${timestamp} (${release}) was aborted in record ${String(record.number)}.`,
    `Its files are put back into tuf_failed_${timestamp}; "tufline retry ${timestamp}" releases them anew.`,
  );
}
