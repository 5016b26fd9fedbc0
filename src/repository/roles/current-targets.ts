import { permanent } from '../../errors/index.js';
import { loadRoot } from '../load-root.js';
import { versionedName } from '../metadata/file-name.js';
import { fileOf } from '../metadata/hash-bins.js';
import { findTarget, parseTargets, type TargetEntry, type TargetsMetadata } from '../metadata/targets.js';
import type { CommitRecord, MetaEntry } from '../records/records.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { completeLatest } from './append.js';
import { mustLoadPublished } from './load-published.js';

/** The newest commit, complete, and what all commits say together. */
export interface CurrentTargets {
  readonly latest: CommitRecord;
  readonly state: TargetsState;
}

/** @throws `no-records`, `no-repository` */
export async function currentTargets(repository: Repository): Promise<CurrentTargets> {
  const latest = await completeLatest(repository, repository.commits);
  if (latest) return { latest, state: await repository.targetsState.at(latest) };
  // Says which directory is empty or not mounted.
  await loadRoot(repository);
  throw permanent(
    'no-records',
    `There are no records at ${repository.paths.commits}.`,
    'Restore the state directory.',
  );
}

/** One file that lists targets, as the records describe it; from memory where it was read or signed before. */
export async function loadTargets(
  repository: Repository,
  file: string,
  meta: MetaEntry,
): Promise<TargetsMetadata> {
  const cached = repository.cache.targets.get(file, meta);
  if (cached) return cached;
  const bytes = await mustLoadPublished(repository, file, meta);
  const targets = parseTargets(bytes, versionedName(file, meta.version));
  repository.cache.targets.put(file, meta, targets);
  return targets;
}

/** What is published of a path, or undefined. */
export async function findPublished(
  repository: Repository,
  { state }: CurrentTargets,
  path: string,
): Promise<TargetEntry | undefined> {
  const file = fileOf(state.hashBins, path);
  const meta = state.meta.get(file);
  return meta && findTarget(await loadTargets(repository, file, meta), path);
}
