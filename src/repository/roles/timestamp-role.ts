import type { Signer } from '../../signers/index.js';
import { expiresAt, timeLeft } from '../expiry.js';
import { loadRoot } from '../load-root.js';
import { parseVersions, versionsBytes, type VersionsMetadata } from '../metadata/versions.js';
import type { SnapshotRecord, TimestampRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { assertSigned, signRole } from '../signing.js';
import { appendAndInstall, completeLatest, stageSigned } from './append.js';
import { loadPublished, versionedName } from './load-published.js';
import { newestInPlace } from './newest-in-place.js';
import { refuseExpired, refuseRollback } from './refusals.js';

export interface TimestampOptions {
  /** Number of a snapshot record that has to become visible. */
  readonly atLeastSnapshot?: number;
  /** Sign a new version where less than `refreshBefore` is left, also if nothing changed. */
  readonly renew?: boolean;
}

/**
 * Makes the newest snapshot visible: signs `timestamp.json` (§4.6) and puts it in place by one rename.
 *
 * The next version is recorded only when the staged file of the one before is used up, so a worker that wakes up
 * late has nothing left to put over a newer file.
 *
 * @returns the newest record; nothing is signed where it shows the wanted snapshot already.
 * @throws transient `snapshot-not-in-place`, `record-not-visible`; permanent `malformed-metadata`, `rollback`,
 *   `expired-metadata`.
 */
export async function updateTimestamp(
  repository: Repository,
  signers: readonly Signer[],
  { atLeastSnapshot = 1, renew = false }: TimestampOptions = {},
): Promise<TimestampRecord> {
  for (;;) {
    const latest = await completeLatest(repository, repository.timestamps);
    if (latest && !needsWork(repository, latest, atLeastSnapshot, renew)) return latest;
    const snapshot = await newestSnapshot(repository, atLeastSnapshot, latest);
    const root = await loadRoot(repository);
    const version = (latest?.meta['timestamp.json'].version ?? 0) + 1;
    const number = (latest?.number ?? 0) + 1;
    const now = repository.now();
    const expires = expiresAt(now, repository.options.roles.timestamp.expiry);
    const signed = versionsBytes('timestamp', { version, expires, meta: snapshot.meta });
    const envelope = await signRole(root, 'timestamp', signers, signed);
    const file = { name: 'timestamp.json', version, expires, replaces: true };
    const metadata = await stageSigned(repository, `timestamp-${String(number)}`, file, envelope);
    const record: TimestampRecord = {
      format: 1,
      number,
      time: now.toISOString(),
      stages: [metadata.stage.id],
      snapshot: snapshot.number,
      meta: { 'timestamp.json': metadata.entry },
    };
    if (await appendAndInstall(repository, repository.timestamps, record, metadata)) return record;
  }
}

function needsWork(
  repository: Repository,
  latest: TimestampRecord,
  atLeast: number,
  renew: boolean,
): boolean {
  if (latest.snapshot < atLeast) return true;
  const left = timeLeft(latest.meta['timestamp.json'].expires, repository.now());
  return renew && left < repository.options.roles.timestamp.refreshBefore;
}

/** The newest snapshot that lies in its place, verified. */
async function newestSnapshot(
  repository: Repository,
  atLeast: number,
  before: TimestampRecord | undefined,
): Promise<SnapshotRecord> {
  const lowest = Math.max(atLeast, before?.snapshot ?? 1);
  const shown = before && (await loadShown(repository, before));
  const verify = (record: SnapshotRecord): Promise<boolean> => verifySnapshot(repository, record, shown);
  return newestInPlace(repository, repository.snapshots, lowest, verify, 'snapshot');
}

/** The snapshot that clients see now: the next one may list nothing older, and has to list all that it lists. */
async function loadShown(
  repository: Repository,
  before: TimestampRecord,
): Promise<VersionsMetadata | undefined> {
  const record = await repository.snapshots.read(before.snapshot);
  const meta = record?.meta['snapshot.json'];
  const bytes = meta && (await loadPublished(repository, 'snapshot.json', meta));
  return bytes && parseVersions('snapshot', bytes, versionedName('snapshot.json', meta.version));
}

/** @returns false where the metadata is not in place yet. */
async function verifySnapshot(
  repository: Repository,
  record: SnapshotRecord,
  shown: VersionsMetadata | undefined,
): Promise<boolean> {
  const meta = record.meta['snapshot.json'];
  const bytes = await loadPublished(repository, 'snapshot.json', meta);
  if (bytes === undefined) return false;
  const path = versionedName('snapshot.json', meta.version);
  const snapshot = parseVersions('snapshot', bytes, path);
  assertSigned(await loadRoot(repository), 'snapshot', snapshot.envelope, path);
  // What clients refuse (§5.5.5): the snapshot itself, or anything that it lists, older than what they have seen.
  refuseRollback('snapshot', snapshot.version, Math.max(meta.version, shown?.version ?? 0));
  for (const [name, { version }] of Object.entries(shown?.meta ?? {})) {
    refuseRollback(name.replace(/\.json$/, ''), snapshot.meta[name]?.version ?? 0, version);
  }
  refuseExpired('snapshot', snapshot, repository.now());
  return true;
}
