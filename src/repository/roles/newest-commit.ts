import { eachAtOnce } from '../../files/index.js';
import { binsAuthority, rootAuthority, type Authority } from '../authority.js';
import { delegatesToBins } from '../metadata/delegations.js';
import { parseEnvelope } from '../metadata/envelope.js';
import { versionedName } from '../metadata/file-name.js';
import { isCurrent, TARGETS_FILE } from '../metadata/hash-bins.js';
import { findMeta } from '../metadata/meta-entries.js';
import type { RootMetadata } from '../metadata/root.js';
import type { SnapshotMetadata } from '../metadata/snapshot.js';
import { parseTargets } from '../metadata/targets.js';
import type { CommitRecord, MetaEntry, SnapshotRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { assertSigned } from '../signing.js';
import { loadDelegating } from './load-delegating.js';
import { loadPublished } from './load-published.js';
import { newestInPlace } from './newest-in-place.js';
import { refuseExpired, refuseRollback } from './refusals.js';

/** A commit that a snapshot may include, and what it changes of what the snapshot before it lists. */
export interface IncludedCommit {
  readonly commit: CommitRecord;
  /** By file name; the newest version of each. */
  readonly changed: ReadonlyMap<string, MetaEntry>;
}

const AT_ONCE = 4;

/**
 * The newest commit that lies in its place, with everything that changed since the last snapshot verified. What the last
 * snapshot lists was verified when it was signed.
 *
 * @param before the last snapshot of this role, if there is one.
 * @throws transient `targets-not-in-place`, `record-not-visible`; permanent `malformed-metadata`, `rollback`.
 */
export async function newestCommit(
  repository: Repository,
  root: RootMetadata,
  atLeast: number,
  latest: SnapshotRecord | undefined,
  before: SnapshotMetadata | undefined,
): Promise<IncludedCommit> {
  const included = latest?.commit ?? 0;
  const lowest = Math.max(atLeast, included, 1);
  let changed = new Map<string, MetaEntry>();
  const commit = await newestInPlace(
    repository,
    repository.commits,
    lowest,
    async (record) => {
      changed = await changesSince(repository, included, record);
      return verifyChanges(repository, root, record, changed, before);
    },
    'targets',
  );
  return { commit, changed };
}

async function changesSince(
  repository: Repository,
  included: number,
  record: CommitRecord,
): Promise<Map<string, MetaEntry>> {
  const changed = new Map<string, MetaEntry>();
  for (let number = included + 1; number < record.number; number++) {
    const earlier = await repository.commits.mustRead(number);
    for (const [name, meta] of Object.entries(earlier.meta)) changed.set(name, meta);
  }
  if (record.number > included)
    for (const [name, meta] of Object.entries(record.meta)) changed.set(name, meta);
  // Bins of a number of bins that was given up in between: nobody delegates to them any more.
  for (const name of changed.keys()) if (!isCurrent(record.hash_bins, name)) changed.delete(name);
  return changed;
}

/** @returns false where the metadata is not in place yet. */
async function verifyChanges(
  repository: Repository,
  root: RootMetadata,
  record: CommitRecord,
  changed: ReadonlyMap<string, MetaEntry>,
  before: SnapshotMetadata | undefined,
): Promise<boolean> {
  const { meta } = await repository.targetsState.upTo(record);
  const top = meta.get(TARGETS_FILE);
  if (!top) throw new Error('the first record makes targets metadata');
  if (changed.has(TARGETS_FILE) && (await loadPublished(repository, TARGETS_FILE, top)) === undefined)
    return false;
  refuseExpired('targets', top, repository.now());
  const byRoot = rootAuthority(root, 'targets');
  const byTargets = record.hash_bins ? binsAuthority(await loadDelegating(repository, top)) : byRoot;
  let isInPlace = true;
  await eachAtOnce(changed, AT_ONCE, async ([name, entry]) => {
    if (!isInPlace) return;
    const authority = name === TARGETS_FILE ? byRoot : byTargets;
    if (!(await verifyFile(repository, authority, name, entry, before))) isInPlace = false;
  });
  return isInPlace;
}

/** @returns false where the file is not in place yet. */
async function verifyFile(
  repository: Repository,
  authority: Authority,
  name: string,
  meta: MetaEntry,
  before: SnapshotMetadata | undefined,
): Promise<boolean> {
  const bytes = await loadPublished(repository, name, meta);
  if (bytes === undefined) return false;
  const path = versionedName(name, meta.version);
  const envelope = parseEnvelope(bytes, path);
  await assertSigned(authority, envelope, path);
  const role = name.replace(/\.json$/, '');
  const listed = before && findMeta(before.entries, name);
  if (name === TARGETS_FILE && delegatesToBins(envelope)) {
    // Taken apart and its version compared when it was loaded for its delegations.
    refuseRollback(role, meta.version, listed?.version ?? 0);
    return true;
  }
  const targets = parseTargets(bytes, path);
  refuseRollback(role, targets.version, Math.max(meta.version, listed?.version ?? 0));
  refuseExpired(role, targets, repository.now());
  return true;
}
