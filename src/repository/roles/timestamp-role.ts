import type { Signer } from '../../signers/index.js';
import { fsyncDirectory } from '../../files/index.js';
import { rootAuthority } from '../authority.js';
import { expiresAt, timeLeft } from '../expiry.js';
import { loadRoot } from '../load-root.js';
import { differences } from '../metadata/entries.js';
import { versionedName } from '../metadata/file-name.js';
import type { RootMetadata } from '../metadata/root.js';
import { META_FORM, parseMetaEntry } from '../metadata/meta-entries.js';
import type { SnapshotMetadata } from '../metadata/snapshot.js';
import { timestampBytes } from '../metadata/timestamp.js';
import type { SnapshotRecord, TimestampRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { assertSigned, signRole } from '../signing.js';
import { abandonStage, beginMetadataStage } from '../staging/stage.js';
import { appendAndInstall, completeLatest, stageSigned } from './append.js';
import { loadSnapshot } from './load-snapshot.js';
import { newestInPlace } from './newest-in-place.js';
import { refuseExpired, refuseRollback } from './refusals.js';

export interface TimestampOptions {
  /** Number of a snapshot record that has to become visible. */
  readonly atLeastSnapshot?: number;
  /** Sign a new version where less than `refreshBefore` is left, also if nothing changed. */
  readonly renew?: boolean;
}

const TIMESTAMP_FILE = 'timestamp.json';

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
    const [latest, root] = await Promise.all([
      completeLatest(repository, repository.timestamps),
      loadRoot(repository),
    ]);
    if (latest && !needsWork(repository, latest, atLeastSnapshot, renew)) return latest;
    const snapshot = await newestSnapshot(repository, root, atLeastSnapshot, latest);
    const version = (latest?.meta[TIMESTAMP_FILE].version ?? 0) + 1;
    const number = (latest?.number ?? 0) + 1;
    const now = repository.now();
    const expires = expiresAt(now, repository.options.roles.timestamp.expiry);
    const signed = timestampBytes({ version, expires, snapshot: snapshot.meta['snapshot.json'] });
    const authority = rootAuthority(root, 'timestamp');
    const envelope = await signRole(authority, signers, signed);
    const stage = await beginMetadataStage(repository, `timestamp-${String(number)}`);
    const meta = await stageSigned(stage, { name: TIMESTAMP_FILE, version, expires }, envelope).catch(
      async (error: unknown) => {
        await abandonStage(stage).catch(() => undefined);
        throw error;
      },
    );
    const record: TimestampRecord = {
      format: 1,
      number,
      time: now.toISOString(),
      stages: [stage.id],
      snapshot: snapshot.number,
      meta: { [TIMESTAMP_FILE]: meta },
    };
    // What it shows was put there by a worker that may not have got to its fsync.
    const before = (): Promise<void> => fsyncDirectory(repository.paths.metadata);
    if (await appendAndInstall(repository, repository.timestamps, record, stage, before)) return record;
  }
}

function needsWork(
  repository: Repository,
  latest: TimestampRecord,
  atLeast: number,
  renew: boolean,
): boolean {
  if (latest.snapshot < atLeast) return true;
  const left = timeLeft(latest.meta[TIMESTAMP_FILE].expires, repository.now());
  return renew && left < repository.options.roles.timestamp.refreshBefore;
}

/** The newest snapshot that lies in its place, verified. */
async function newestSnapshot(
  repository: Repository,
  root: RootMetadata,
  atLeast: number,
  before: TimestampRecord | undefined,
): Promise<SnapshotRecord> {
  const lowest = Math.max(atLeast, before?.snapshot ?? 1);
  // What clients see now: the next one may list nothing older, and has to list all that it lists.
  const record = before && (await repository.snapshots.read(before.snapshot));
  const shown = record && (await loadSnapshot(repository, record.meta['snapshot.json']));
  const verify = (candidate: SnapshotRecord): Promise<boolean> =>
    verifySnapshot(repository, root, candidate, shown);
  return newestInPlace(repository, repository.snapshots, lowest, verify, 'snapshot');
}

/** @returns false where the metadata is not in place yet. */
async function verifySnapshot(
  repository: Repository,
  root: RootMetadata,
  record: SnapshotRecord,
  shown: SnapshotMetadata | undefined,
): Promise<boolean> {
  const meta = record.meta['snapshot.json'];
  const snapshot = await loadSnapshot(repository, meta);
  if (snapshot === undefined) return false;
  const path = versionedName('snapshot.json', meta.version);
  await assertSigned(rootAuthority(root, 'snapshot'), snapshot.envelope, path);
  // What clients refuse (§5.5.5): the snapshot itself, or anything that it lists, older than what they have seen.
  refuseRollback('snapshot', snapshot.version, Math.max(meta.version, shown?.version ?? 0));
  if (shown) refuseOlderFiles(shown, snapshot);
  refuseExpired('snapshot', snapshot, repository.now());
  return true;
}

function refuseOlderFiles(shown: SnapshotMetadata, next: SnapshotMetadata): void {
  for (const { before, after } of differences(META_FORM, shown.entries, next.entries)) {
    if (!before) continue;
    const { name, meta } = parseMetaEntry(before.bytes);
    const version = after ? parseMetaEntry(after.bytes).meta.version : 0;
    refuseRollback(name.replace(/\.json$/, ''), version, meta.version);
  }
}
