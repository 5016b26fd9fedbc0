import { readIndexed } from './records/release-index.js';
import type { CommitRecord } from './records/records.js';
import type { Repository } from './repository.js';
import { isRedoPending } from './staging/install.js';

export type Decision = 'committed' | 'aborted';

export interface Decided {
  readonly decision: Decision;
  /** The first record that names the release: it is the truth. */
  readonly record: CommitRecord;
}

/** What the records say about a release, by the id that its claim gave it. */
export async function decisionOf(repository: Repository, release: string): Promise<Decision | undefined> {
  return (await findDecision(repository, release))?.decision;
}

/** As {@link decisionOf}, with the record. */
export async function findDecision(repository: Repository, release: string): Promise<Decided | undefined> {
  const latest = await repository.commits.latest();
  return latest && decided(repository, latest, release);
}

/**
 * What the records up to this one say about a release. The newest record was read before the index is asked: every
 * record before it is in the index, and it speaks for itself.
 */
export async function decided(
  repository: Repository,
  latest: CommitRecord,
  release: string,
): Promise<Decided | undefined> {
  const record =
    (await readIndexed(repository.releases, repository.commits, release)) ??
    (latest.releases.some((entry) => entry.release === release) ? latest : undefined);
  return record && { decision: record.kind === 'abort' ? 'aborted' : 'committed', record };
}

/** Whether clients see a commit: `timestamp.json` shows a snapshot that includes it. */
export async function isVisible(
  repository: Repository,
  { number }: Pick<CommitRecord, 'number'>,
): Promise<boolean> {
  return (await visibleCommit(repository)) >= number;
}

/** Whether a release is committed and clients see it: only then may what was handed over be deleted (G1). */
export async function isPublished(repository: Repository, release: string): Promise<boolean> {
  const found = await findDecision(repository, release);
  return found?.decision === 'committed' && (await visibleCommit(repository)) >= found.record.number;
}

/** Number of the newest commit that clients see; 0 where they see nothing yet. */
export async function visibleCommit(repository: Repository): Promise<number> {
  let timestamp = await repository.timestamps.latest();
  // Recorded is not yet seen: `timestamp.json` may still wait for its rename.
  if (timestamp && (await isRedoPending(repository, timestamp))) {
    timestamp = await repository.timestamps.read(timestamp.number - 1);
  }
  return timestamp ? ((await repository.snapshots.read(timestamp.snapshot))?.commit ?? 0) : 0;
}
