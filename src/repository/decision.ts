import type { Repository } from './repository.js';
import type { CommitRecord, ReleaseEntry } from './records/records.js';
import { isRedoPending } from './staging/install.js';

export type Decision = 'committed' | 'aborted';

interface Decided {
  readonly decision: Decision;
  readonly commit: number;
  readonly entry: ReleaseEntry;
}

const indexes = new WeakMap<Repository, Map<string, Decided>>();

/** What the records say about a release, by the id that its claim gave it. */
export async function decisionOf(repository: Repository, release: string): Promise<Decision | undefined> {
  return (await findDecision(repository, release))?.decision;
}

/** As {@link decisionOf}, with the number of the record. The first record about a release is the truth. */
export async function findDecision(repository: Repository, release: string): Promise<Decided | undefined> {
  const index = indexes.get(repository) ?? makeIndex(repository);
  await repository.commits.catchUp();
  return index.get(release);
}

function makeIndex(repository: Repository): Map<string, Decided> {
  const index = new Map<string, Decided>();
  indexes.set(repository, index);
  repository.commits.observe((record) => {
    addTo(index, record);
  });
  return index;
}

function addTo(index: Map<string, Decided>, record: CommitRecord): void {
  for (const entry of record.releases) {
    if (index.has(entry.release)) continue;
    const decision = record.kind === 'abort' ? 'aborted' : 'committed';
    index.set(entry.release, { decision, commit: record.number, entry });
  }
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
  const decided = await findDecision(repository, release);
  return decided?.decision === 'committed' && (await visibleCommit(repository)) >= decided.commit;
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
