import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError, TuflineError } from '../../errors/index.js';
import { loadRoot } from '../load-root.js';
import { parseTargets, listEntries } from '../metadata/targets.js';
import { parseVersions, type VersionsMetadata } from '../metadata/versions.js';
import type { Repository } from '../repository.js';
import { countSignatures } from '../signing.js';
import { timeLeft } from '../expiry.js';
import { listStages } from '../staging/sweep.js';
import { loadPublished, versionedName } from '../roles/load-published.js';
import type { RecordLog } from '../records/record-log.js';
import type { BaseRecord, MetaEntry } from '../records/records.js';
import type { Envelope } from '../metadata/envelope.js';
import { auditTargetFiles } from './target-files.js';

/** Something that is off. */
export interface Finding {
  /** Kebab-case name of what is wrong. */
  readonly code: string;
  readonly message: string;
  readonly path?: string;
}

export interface VerifyProgress {
  readonly onTargets?: (total: number) => void;
  readonly onFile?: (path: string, bytes: number) => void;
  readonly signal?: AbortSignal;
}

const STALE_STAGE = 24 * 60 * 60 * 1000;

/**
 * Audits the whole repository as a strict client would see it, and as the records say it should be: root chain,
 * signatures, thresholds, expiries, versions, lengths and hashes of all metadata, and the bytes of every target.
 *
 * @returns what is off; an empty list where nothing is.
 */
export async function verifyRepository(
  repository: Repository,
  progress: VerifyProgress = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report = (code: string, message: string, path?: string): void => {
    findings.push({ code, message, ...(path === undefined ? {} : { path }) });
  };
  /** An error of one part is a finding; the other parts are still looked at. */
  const attempt = async <T>(part: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await part();
    } catch (error) {
      if (!(error instanceof TuflineError)) throw error;
      report(error.code, error.message, error.path);
      return undefined;
    }
  };

  await attempt(() => auditRoot(repository, report));
  const timestamp = await attempt(() => auditTimestamp(repository, report));
  const snapshot = await attempt(() => auditSnapshot(repository, timestamp, report));
  await attempt(() => auditTargets(repository, snapshot, report, progress));
  await attempt(() => auditRecords(repository, report));
  await attempt(() => auditMetadataDirectory(repository, report));
  await attempt(() => auditStaging(repository, report));
  return findings;
}

export type Report = (code: string, message: string, path?: string) => void;

async function auditRoot(repository: Repository, report: Report): Promise<void> {
  delete repository.cache.root;
  const root = await loadRoot(repository);
  if (timeLeft(root.expires, repository.now()) <= 0) {
    report('expired-metadata', `Root version ${String(root.version)} expired on ${root.expires}.`);
  }
}

async function auditTimestamp(repository: Repository, report: Report): Promise<VersionsMetadata | undefined> {
  const record = await repository.timestamps.latest();
  if (!record) {
    report('no-records', `There is no record in ${repository.paths.timestamp}.`);
    return undefined;
  }
  const meta = record.meta['timestamp.json'];
  const bytes = await present(repository, 'timestamp.json', meta, report);
  if (!bytes) return undefined;
  const path = join(repository.paths.metadata, 'timestamp.json');
  const timestamp = parseVersions('timestamp', bytes, path);
  await auditSigned(repository, 'timestamp', timestamp, meta, path, report);
  return timestamp;
}

async function auditSnapshot(
  repository: Repository,
  timestamp: VersionsMetadata | undefined,
  report: Report,
): Promise<VersionsMetadata | undefined> {
  const record = await repository.snapshots.latest();
  if (!record) return undefined;
  const meta = record.meta['snapshot.json'];
  const listed = timestamp ? timestamp.meta['snapshot.json'] : meta;
  if (listed?.version !== meta.version) {
    report(
      'unpublished',
      `timestamp.json shows snapshot version ${String(listed?.version)}, but version ${String(meta.version)} is recorded.`,
    );
  } else if (listed.length !== meta.length || listed.hashes.sha256 !== meta.hashes.sha256) {
    report(
      'metadata-differs',
      'timestamp.json gives another length or hash of the snapshot than its record.',
    );
  }
  const bytes = await present(repository, 'snapshot.json', meta, report);
  if (!bytes) return undefined;
  const path = join(repository.paths.metadata, versionedName('snapshot.json', meta.version));
  const snapshot = parseVersions('snapshot', bytes, path);
  await auditSigned(repository, 'snapshot', snapshot, meta, path, report);
  return snapshot;
}

async function auditTargets(
  repository: Repository,
  snapshot: VersionsMetadata | undefined,
  report: Report,
  progress: VerifyProgress,
): Promise<void> {
  const record = await repository.commits.latest();
  if (!record) return;
  const meta = record.meta['targets.json'];
  const listed = snapshot ? snapshot.meta['targets.json'] : meta;
  if (listed?.version !== meta.version) {
    report(
      'unpublished',
      `The snapshot lists targets version ${String(listed?.version)}, but version ${String(meta.version)} is recorded.`,
    );
  } else if (listed.length !== meta.length || listed.hashes.sha256 !== meta.hashes.sha256) {
    report(
      'metadata-differs',
      'The snapshot gives another length or hash of the targets metadata than its record.',
    );
  }
  const bytes = await present(repository, 'targets.json', meta, report);
  if (!bytes) return;
  const path = join(repository.paths.metadata, versionedName('targets.json', meta.version));
  const targets = parseTargets(bytes, path);
  await auditSigned(repository, 'targets', targets, meta, path, report);
  progress.onTargets?.(record.targets);
  const count = await auditTargetFiles(repository, listEntries(targets.entries), report, progress);
  if (count !== record.targets) {
    report(
      'count-differs',
      `The targets metadata lists ${String(count)} targets, its record says ${String(record.targets)}.`,
      path,
    );
  }
}

/** Bytes of a recorded file; a missing one is a finding. */
async function present(
  repository: Repository,
  name: string,
  meta: MetaEntry,
  report: Report,
): Promise<Buffer | undefined> {
  const bytes = await loadPublished(repository, name, meta);
  const path = join(repository.paths.metadata, versionedName(name, meta.version));
  if (!bytes) report('metadata-missing', `The metadata file ${path} is recorded but missing.`, path);
  return bytes;
}

async function auditSigned(
  repository: Repository,
  role: 'targets' | 'snapshot' | 'timestamp',
  metadata: { readonly version: number; readonly expires: string; readonly envelope: Envelope },
  meta: MetaEntry,
  path: string,
  report: Report,
): Promise<void> {
  const root = await loadRoot(repository);
  const { threshold } = root.roles[role];
  const count = countSignatures(root, role, metadata.envelope);
  if (count < threshold) {
    report(
      'bad-signature',
      `${path} has ${String(count)} valid signatures of the ${String(threshold)} that root wants.`,
      path,
    );
  }
  if (metadata.version !== meta.version) {
    report('wrong-version', `${path} says that it is version ${String(metadata.version)}.`, path);
  }
  if (timeLeft(metadata.expires, repository.now()) <= 0) {
    report('expired-metadata', `${path} expired on ${metadata.expires}.`, path);
  }
}

/** Reads every record: a damaged or missing one throws. */
async function auditRecords(repository: Repository, report: Report): Promise<void> {
  const { commits, snapshots, timestamps } = repository;
  await auditOrder(commits, ({ meta }) => [meta['targets.json'].version, 0], report);
  await auditOrder(snapshots, ({ meta, commit }) => [meta['snapshot.json'].version, commit], report);
  await auditOrder(timestamps, ({ meta, snapshot }) => [meta['timestamp.json'].version, snapshot], report);
}

/** From record to record the version stays or rises by one, and what is included does not fall. */
async function auditOrder<T extends BaseRecord>(
  log: RecordLog<T>,
  read: (record: T) => readonly [version: number, includes: number],
  report: Report,
): Promise<void> {
  let before: readonly [number, number] | undefined;
  for await (const record of log.from(1)) {
    const [version, includes] = read(record);
    const [versionBefore, includedBefore] = before ?? [0, 0];
    if (version < versionBefore || version > versionBefore + 1 || includes < includedBefore) {
      const path = log.pathOf(record.number);
      report('record-order', `The record ${path} does not follow from the one before it.`, path);
    }
    before = [version, includes];
  }
}

async function auditMetadataDirectory(repository: Repository, report: Report): Promise<void> {
  // Before the records: a release that is being published meanwhile is no finding.
  const names = await readdir(repository.paths.metadata).catch((error: unknown) => {
    throw ioError(error, 'read', repository.paths.metadata);
  });
  const current: Record<string, number> = {
    targets: (await repository.commits.latest())?.meta['targets.json'].version ?? 0,
    snapshot: (await repository.snapshots.latest())?.meta['snapshot.json'].version ?? 0,
    root: Infinity,
  };
  for (const name of names) {
    const path = join(repository.paths.metadata, name);
    const [, version, role] = /^([1-9]\d*)\.([a-z]+)\.json$/.exec(name) ?? [];
    if (name === 'timestamp.json') continue;
    const highest = role === undefined ? undefined : current[role];
    if (version === undefined || highest === undefined) {
      report('unknown-file', `The file ${path} is no metadata of this repository.`, path);
    } else if (Number(version) > highest) {
      report('unrecorded-metadata', `The metadata file ${path} has a version that no record names.`, path);
    }
  }
}

async function auditStaging(repository: Repository, report: Report): Promise<void> {
  for (const { id, age } of await listStages(repository)) {
    if (age < STALE_STAGE) continue;
    const path = join(repository.paths.staging, id);
    report('old-stage', `${path} has been lying there for more than a day; nobody has swept it.`, path);
  }
}
