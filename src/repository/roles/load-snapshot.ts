import { versionedName } from '../metadata/file-name.js';
import { parseSnapshotMetadata, type SnapshotMetadata } from '../metadata/snapshot.js';
import type { MetaEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { loadPublished, mustLoadPublished } from './load-published.js';

const SNAPSHOT_FILE = 'snapshot.json';

/** A version of the snapshot as its record describes it, or undefined where it is not in place yet. Signatures are not looked at. */
export async function loadSnapshot(
  repository: Repository,
  meta: MetaEntry,
): Promise<SnapshotMetadata | undefined> {
  const cached = repository.cache.snapshots.get(SNAPSHOT_FILE, meta);
  if (cached) return cached;
  const bytes = await loadPublished(repository, SNAPSHOT_FILE, meta);
  return bytes && keep(repository, meta, bytes);
}

/** As {@link loadSnapshot}, for one that must be there. @throws `metadata-missing` */
export async function mustLoadSnapshot(repository: Repository, meta: MetaEntry): Promise<SnapshotMetadata> {
  const cached = repository.cache.snapshots.get(SNAPSHOT_FILE, meta);
  return cached ?? keep(repository, meta, await mustLoadPublished(repository, SNAPSHOT_FILE, meta));
}

function keep(repository: Repository, meta: MetaEntry, bytes: Buffer): SnapshotMetadata {
  const snapshot = parseSnapshotMetadata(bytes, versionedName(SNAPSHOT_FILE, meta.version));
  repository.cache.snapshots.put(SNAPSHOT_FILE, meta, snapshot);
  return snapshot;
}
