import type { Signer } from '../../signers/index.js';
import { expiresAt, timeLeft } from '../expiry.js';
import { loadRoot } from '../load-root.js';
import { parseTargets } from '../metadata/targets.js';
import { versionsBytes } from '../metadata/versions.js';
import type { CommitRecord, SnapshotRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { assertSigned, signRole } from '../signing.js';
import { appendAndInstall, completeLatest, stageSigned } from './append.js';
import { loadPublished, versionedName } from './load-published.js';
import { newestInPlace } from './newest-in-place.js';
import { refuseExpired, refuseRollback } from './refusals.js';

export interface SnapshotOptions {
  /** Number of a commit that the snapshot has to include. */
  readonly atLeastCommit?: number;
  /** Sign a new version where less than `refreshBefore` is left, also if nothing changed. */
  readonly renew?: boolean;
}

/**
 * Brings the snapshot (§4.4) up to the newest commit that is in place, after verifying what it includes:
 * the recorded hash, root's threshold of signatures, no rollback, not expired (G6).
 *
 * @returns the newest record; nothing is signed where it includes the wanted commit already.
 * @throws transient `targets-not-in-place`, `record-not-visible`; permanent `malformed-metadata`, `rollback`,
 *   `expired-metadata`.
 */
export async function updateSnapshot(
  repository: Repository,
  signers: readonly Signer[],
  { atLeastCommit = 1, renew = false }: SnapshotOptions = {},
): Promise<SnapshotRecord> {
  for (;;) {
    const latest = await completeLatest(repository, repository.snapshots);
    if (latest && !needsWork(repository, latest, atLeastCommit, renew)) return latest;
    const commit = await newestCommit(repository, atLeastCommit, latest);
    const root = await loadRoot(repository);
    const version = (latest?.meta['snapshot.json'].version ?? 0) + 1;
    const number = (latest?.number ?? 0) + 1;
    const now = repository.now();
    const expires = expiresAt(now, repository.options.roles.snapshot.expiry);
    const signed = versionsBytes('snapshot', { version, expires, meta: commit.meta });
    const envelope = await signRole(root, 'snapshot', signers, signed);
    const file = { name: versionedName('snapshot.json', version), version, expires };
    const metadata = await stageSigned(repository, `snapshot-${String(number)}`, file, envelope);
    const record: SnapshotRecord = {
      format: 1,
      number,
      time: now.toISOString(),
      stages: [metadata.stage.id],
      commit: commit.number,
      meta: { 'snapshot.json': metadata.entry },
    };
    if (await appendAndInstall(repository, repository.snapshots, record, metadata)) return record;
  }
}

function needsWork(
  repository: Repository,
  latest: SnapshotRecord,
  atLeastCommit: number,
  renew: boolean,
): boolean {
  if (latest.commit < atLeastCommit) return true;
  const left = timeLeft(latest.meta['snapshot.json'].expires, repository.now());
  return renew && left < repository.options.roles.snapshot.refreshBefore;
}

/** The newest commit that lies in its place, verified. */
async function newestCommit(
  repository: Repository,
  atLeast: number,
  before: SnapshotRecord | undefined,
): Promise<CommitRecord> {
  const lowest = Math.max(atLeast, before?.commit ?? 1);
  const verify = (commit: CommitRecord): Promise<boolean> => verifyCommit(repository, commit, before);
  return newestInPlace(repository, repository.commits, lowest, verify, 'targets');
}

/** @returns false where the metadata is not in place yet. */
async function verifyCommit(
  repository: Repository,
  commit: CommitRecord,
  before: SnapshotRecord | undefined,
): Promise<boolean> {
  const meta = commit.meta['targets.json'];
  const root = await loadRoot(repository);
  const known = repository.cache.verifiedCommit;
  if (known?.version === meta.version && known.root === root.version) {
    refuseExpired('targets', meta, repository.now());
    return true;
  }
  const bytes = await loadPublished(repository, 'targets.json', meta);
  if (bytes === undefined) return false;
  const path = versionedName('targets.json', meta.version);
  const targets = parseTargets(bytes, path);
  assertSigned(root, 'targets', targets.envelope, path);
  const included = before ? await repository.commits.read(before.commit) : undefined;
  refuseRollback(
    'targets',
    targets.version,
    Math.max(meta.version, included?.meta['targets.json'].version ?? 0),
  );
  refuseExpired('targets', targets, repository.now());
  repository.cache.verifiedCommit = { version: meta.version, root: root.version };
  return true;
}
