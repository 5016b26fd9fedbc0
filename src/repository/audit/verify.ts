import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError, TuflineError } from '../../errors/index.js';
import { rootAuthority } from '../authority.js';
import { loadRoot } from '../load-root.js';
import { versionedName } from '../metadata/file-name.js';
import { parseSnapshotMetadata, type SnapshotMetadata } from '../metadata/snapshot.js';
import { parseTimestampMetadata, type TimestampMetadata } from '../metadata/timestamp.js';
import type { Repository } from '../repository.js';
import { timeLeft } from '../expiry.js';
import { listStages } from '../staging/sweep.js';
import type { RecordLog } from '../records/record-log.js';
import type { BaseRecord } from '../records/records.js';
import { auditSigned, present, type Report } from './signed-file.js';
import { auditTargetFiles } from './target-files.js';
import { auditTargetsMetadata, type AuditedTarget } from './targets-metadata.js';

/** Something that is off. */
export interface Finding {
  /** Kebab-case name of what is wrong. */
  readonly code: string;
  readonly message: string;
  readonly path?: string;
}

export interface VerifyProgress {
  /** Looks at no target file. */
  readonly metadataOnly?: boolean;
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

async function auditRoot(repository: Repository, report: Report): Promise<void> {
  delete repository.cache.root;
  const root = await loadRoot(repository);
  if (timeLeft(root.expires, repository.now()) <= 0) {
    report('expired-metadata', `Root version ${String(root.version)} expired on ${root.expires}.`);
  }
}

async function auditTimestamp(
  repository: Repository,
  report: Report,
): Promise<TimestampMetadata | undefined> {
  const record = await repository.timestamps.latest();
  if (!record) {
    report('no-records', `There is no record in ${repository.paths.timestamp}.`);
    return undefined;
  }
  const meta = record.meta['timestamp.json'];
  const bytes = await present(repository, 'timestamp.json', meta, report);
  if (!bytes) return undefined;
  const path = join(repository.paths.metadata, 'timestamp.json');
  const timestamp = parseTimestampMetadata(bytes, path);
  const authority = rootAuthority(await loadRoot(repository), 'timestamp');
  await auditSigned(repository, authority, timestamp, meta, path, report);
  return timestamp;
}

async function auditSnapshot(
  repository: Repository,
  timestamp: TimestampMetadata | undefined,
  report: Report,
): Promise<SnapshotMetadata | undefined> {
  const record = await repository.snapshots.latest();
  if (!record) return undefined;
  const meta = record.meta['snapshot.json'];
  const listed = timestamp ? timestamp.snapshot : meta;
  if (listed.version !== meta.version) {
    report(
      'unpublished',
      `timestamp.json shows snapshot version ${String(listed.version)}, but version ${String(meta.version)} is recorded.`,
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
  const snapshot = parseSnapshotMetadata(bytes, path);
  const authority = rootAuthority(await loadRoot(repository), 'snapshot');
  await auditSigned(repository, authority, snapshot, meta, path, report);
  return snapshot;
}

async function auditTargets(
  repository: Repository,
  snapshot: SnapshotMetadata | undefined,
  report: Report,
  progress: VerifyProgress,
): Promise<void> {
  const record = await repository.commits.latest();
  if (!record) return;
  progress.onTargets?.(record.targets);
  const visit = async (targets: Iterable<AuditedTarget>): Promise<void> => {
    if (progress.metadataOnly) for (const { path } of targets) progress.onFile?.(path, 0);
    else await auditTargetFiles(repository, targets, report, progress);
  };
  const count = await auditTargetsMetadata(repository, record, snapshot, report, visit);
  if (count !== record.targets) {
    report(
      'count-differs',
      `The targets metadata lists ${String(count)} targets, its record says ${String(record.targets)}.`,
    );
  }
}

/** Reads every record: a damaged or missing one throws. */
async function auditRecords(repository: Repository, report: Report): Promise<void> {
  const { snapshots, timestamps } = repository;
  await auditCommits(repository, report);
  await auditOrder(snapshots, ({ meta, commit }) => [meta['snapshot.json'].version, commit], report);
  await auditOrder(timestamps, ({ meta, snapshot }) => [meta['timestamp.json'].version, snapshot], report);
}

/** From commit to commit a version of a file rises by one where it is named at all. */
async function auditCommits({ commits, targetsState }: Repository, report: Report): Promise<void> {
  const oldest = await commits.oldest();
  const versions = new Map<string, number>();
  if (oldest > 1) {
    const state = await targetsState.upTo(await commits.mustRead(oldest));
    for (const [name, { version }] of state.meta) versions.set(name, version);
  }
  for await (const record of commits.from(oldest > 1 ? oldest + 1 : 1)) {
    for (const [name, { version }] of Object.entries(record.meta)) {
      const path = commits.pathOf(record.number);
      if (version !== (versions.get(name) ?? 0) + 1)
        report('record-order', `The record ${path} does not follow from the one before it.`, path);
      versions.set(name, version);
    }
  }
}

/** From record to record the version stays or rises by one, and what is included does not fall. */
async function auditOrder<T extends BaseRecord>(
  log: RecordLog<T>,
  read: (record: T) => readonly [version: number, includes: number],
  report: Report,
): Promise<void> {
  let before: readonly [number, number] | undefined;
  for await (const record of log.from(await log.oldest())) {
    before ??= [read(record)[0] - 1, 0];
    const [version, includes] = read(record);
    const [versionBefore, includedBefore] = before;
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
  const latest = await repository.commits.latest();
  const targets = latest && (await repository.targetsState.upTo(latest)).meta;
  const snapshot = (await repository.snapshots.latest())?.meta['snapshot.json'].version ?? 0;
  const newest = (file: string): number | undefined =>
    file === 'root.json' ? Infinity : file === 'snapshot.json' ? snapshot : targets?.get(file)?.version;
  for (const name of names) {
    const path = join(repository.paths.metadata, name);
    const [, version, file] = /^([1-9]\d*)\.([a-z0-9-]+\.json)$/.exec(name) ?? [];
    if (name === 'timestamp.json') continue;
    const highest = file === undefined ? undefined : newest(file);
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
