import { join } from 'node:path';
import type { CommitRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { appendAndInstall } from '../roles/append.js';
import { currentTargets, type CurrentTargets } from '../roles/current-targets.js';
import { beginTrash } from '../staging/trash.js';
import { KeptTargets, newestVersions, type Copies } from './kept-targets.js';
import type { Tally } from './pruned.js';
import { sizeOf } from './remove-metadata.js';

/** Lets one call after the other commit; releases that wait go on in between. */
export type InTurn = <T>(run: () => Promise<T>) => Promise<T>;

export interface RemoveCopies {
  readonly oldest: ReadonlyMap<string, number>;
  readonly tally: Tally;
  readonly dryRun: boolean;
  readonly inTurn: InTurn;
  readonly signal?: AbortSignal | undefined;
}

/** Files that one record removes: a release waits for it no longer than for another small release. */
const AT_MOST = 256;

/** Removes those of the copies that no kept metadata lists: each few of them by a record of their own. */
export async function removeUnlisted(
  repository: Repository,
  copies: Copies,
  { oldest, tally, dryRun, inTurn, signal }: RemoveCopies,
): Promise<void> {
  if (copies.size === 0) return;
  const kept = new KeptTargets(repository, oldest, copies);
  // Most of the looking is done while releases go on.
  await kept.lookAt(await newestOf(repository));
  const sizes = new Map<string, number>();
  const found = new Map<string, string>();
  for (const [path, names] of copies) {
    for (const copy of names) {
      const size = await sizeOf(join(repository.paths.targets, copy));
      // An interrupted run has removed it.
      if (size === undefined) continue;
      sizes.set(copy, size);
      found.set(copy, path);
    }
  }
  const all = [...found.keys()];
  for (let begin = 0; begin < all.length; begin += AT_MOST) {
    signal?.throwIfAborted();
    const some = all.slice(begin, begin + AT_MOST);
    const isUnlisted = (copy: string): boolean => copies.get(found.get(copy) ?? '')?.has(copy) ?? false;
    const removed = dryRun ? some : await inTurn(() => removeByRecord(repository, kept, some, isUnlisted));
    for (const copy of removed) tally.target(copy, sizes.get(copy) ?? 0);
  }
}

/**
 * Appends a record that removes files, after a last look at what was committed meanwhile. As it takes the number after
 * the record that was looked at, no release can have brought one of these files back in between; one that comes later
 * puts its files in place when this record is complete, and finds the name free.
 */
async function removeByRecord(
  repository: Repository,
  kept: KeptTargets,
  copies: readonly string[],
  isUnlisted: (copy: string) => boolean,
): Promise<readonly string[]> {
  for (;;) {
    const current = await currentTargets(repository);
    await kept.lookAt(newestVersions(current.state));
    const removes = copies.filter(isUnlisted);
    if (removes.length === 0 || (await appendPrune(repository, current, removes))) return removes;
  }
}

async function appendPrune(
  repository: Repository,
  { latest }: CurrentTargets,
  removes: readonly string[],
): Promise<boolean> {
  const number = latest.number + 1;
  const { hash_bins: hashBins, targets } = latest;
  const trash = await beginTrash(repository, number);
  const record: CommitRecord = {
    format: 1,
    number,
    kind: 'prune',
    time: repository.now().toISOString(),
    stages: [trash.id],
    releases: [],
    removes: [...removes],
    meta: {},
    ...(hashBins ? { hash_bins: hashBins } : {}),
    targets,
  };
  return appendAndInstall(repository, repository.commits, record, trash);
}

async function newestOf(repository: Repository): Promise<ReturnType<typeof newestVersions>> {
  return newestVersions((await currentTargets(repository)).state);
}
