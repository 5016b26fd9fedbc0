import { join } from 'node:path';
import { binsAuthority, rootAuthority, type Authority } from '../authority.js';
import { eachAtOnce } from '../../files/index.js';
import { loadRoot } from '../load-root.js';
import { parseDelegatingTargets } from '../metadata/delegations.js';
import { versionedName } from '../metadata/file-name.js';
import { fileOf, TARGETS_FILE, targetsFiles } from '../metadata/hash-bins.js';
import { findMeta } from '../metadata/meta-entries.js';
import type { SnapshotMetadata } from '../metadata/snapshot.js';
import { listEntries, parseTargets, type TargetEntry } from '../metadata/targets.js';
import type { CommitRecord, MetaEntry } from '../records/records.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { auditSigned, present, type Report } from './signed-file.js';

export interface AuditedTarget {
  readonly path: string;
  readonly entry: TargetEntry;
}

const AT_ONCE = 4;

/**
 * Audits all metadata that lists targets, top-level and bins, against the records and the snapshot, and gives each
 * target to `visit`. @returns how many targets are listed.
 */
export async function auditTargetsMetadata(
  repository: Repository,
  record: CommitRecord,
  snapshot: SnapshotMetadata | undefined,
  report: Report,
  visit: (targets: Iterable<AuditedTarget>) => Promise<void>,
): Promise<number> {
  const state = await repository.targetsState.upTo(record);
  const authority = await auditTopLevel(repository, state, snapshot, report);
  if (!authority) return 0;
  let count = 0;
  const files = [...targetsFiles(state.hashBins)].map((file) => [file, state.meta.get(file)] as const);
  await eachAtOnce(files, AT_ONCE, async ([file, meta]) => {
    if (!meta) {
      report('metadata-missing', `No record names ${file}.`);
      return;
    }
    if (file !== TARGETS_FILE) compareWithSnapshot(snapshot, file, meta, report);
    const bytes = await present(repository, file, meta, report);
    if (!bytes) return;
    const path = join(repository.paths.metadata, versionedName(file, meta.version));
    const targets = parseTargets(bytes, path);
    await auditSigned(repository, authority, targets, meta, path, report);
    await visit(inTheirBin(listEntries(targets.entries)));

    function* inTheirBin(entries: Iterable<AuditedTarget>): Generator<AuditedTarget> {
      let before: string | undefined;
      for (const target of entries) {
        count++;
        if (fileOf(state.hashBins, target.path) !== file)
          report('wrong-bin', `${path} lists ${target.path}, which belongs into another bin.`, path);
        if (before !== undefined && Buffer.compare(Buffer.from(before), Buffer.from(target.path)) >= 0)
          report('wrong-order', `${path} lists ${target.path} at the wrong place.`, path);
        before = target.path;
        yield target;
      }
    }
  });
  return count;
}

/** @returns who signs the files that list targets; undefined where the top-level metadata cannot be used. */
async function auditTopLevel(
  repository: Repository,
  { hashBins, meta }: TargetsState,
  snapshot: SnapshotMetadata | undefined,
  report: Report,
): Promise<Authority | undefined> {
  const byRoot = rootAuthority(await loadRoot(repository), 'targets');
  const top = meta.get(TARGETS_FILE);
  if (!top) return undefined;
  compareWithSnapshot(snapshot, TARGETS_FILE, top, report);
  if (!hashBins) return byRoot;
  const bytes = await present(repository, TARGETS_FILE, top, report);
  if (!bytes) return undefined;
  const path = join(repository.paths.metadata, versionedName(TARGETS_FILE, top.version));
  const delegating = parseDelegatingTargets(bytes, path);
  await auditSigned(repository, byRoot, delegating, top, path, report);
  if (delegating.bins.count !== hashBins.count || delegating.bins.style !== hashBins.style) {
    report(
      'wrong-bins',
      `${path} delegates to ${String(delegating.bins.count)} bins (${delegating.bins.style}), but ${String(hashBins.count)} (${hashBins.style}) are recorded.`,
      path,
    );
  }
  return binsAuthority(delegating);
}

function compareWithSnapshot(
  snapshot: SnapshotMetadata | undefined,
  file: string,
  meta: MetaEntry,
  report: Report,
): void {
  if (!snapshot) return;
  const what = file === TARGETS_FILE ? 'targets' : file.replace(/\.json$/, '');
  const listed = findMeta(snapshot.entries, file);
  if (listed?.version !== meta.version) {
    report(
      'unpublished',
      `The snapshot lists ${what} version ${String(listed?.version)}, but version ${String(meta.version)} is recorded.`,
    );
  } else if (
    listed.length !== undefined &&
    (listed.length !== meta.length || listed.hashes?.sha256 !== meta.hashes.sha256)
  ) {
    report('metadata-differs', `The snapshot gives another length or hash of ${what} than its record.`);
  }
}
