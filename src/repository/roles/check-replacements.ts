import { basename } from 'node:path';
import { permanent, type TuflineError } from '../../errors/index.js';
import { compareTimestamps } from '../../timestamps/index.js';
import { findTarget, type TargetsMetadata } from '../metadata/targets.js';
import { hasPathBelow, type TargetEntry } from '../metadata/target-entries.js';
import { looksHashed } from '../staging/staged-path.js';
import type { StagedRelease } from '../staging/stage-release.js';

/**
 * Whether these releases may put their bytes where they want to, given what is published.
 * @throws permanent `immutable-target`, `superseded`, `path-conflict`
 */
export function checkReplacements(
  targets: TargetsMetadata,
  staged: readonly StagedRelease[],
  isImmutable: (path: string) => boolean,
  plainTargetNames: boolean,
): void {
  for (const release of staged) {
    for (const [path, entry] of release.targets) {
      const present = findTarget(targets, path);
      if (present && !sameBytes(present, entry)) checkReplacement(release, path, present, isImmutable);
      if (plainTargetNames) checkPlainName(targets, path);
    }
  }
}

/**
 * The entries that these releases bring. Bytes that are published already stay credited to the later of the two
 * releases, or a third that lies between them could put older bytes over them afterwards.
 */
export function changesOf(
  targets: TargetsMetadata,
  staged: readonly StagedRelease[],
): ReadonlyMap<string, TargetEntry> {
  const changes = new Map<string, TargetEntry>();
  for (const release of staged) {
    for (const [path, entry] of release.targets) {
      const present = changes.get(path) ?? findTarget(targets, path);
      const isOlder = present !== undefined && compareTimestamps(present.release, entry.release) > 0;
      const keeps = isOlder && sameBytes(present, entry);
      changes.set(path, keeps ? { ...entry, release: present.release } : entry);
    }
  }
  return changes;
}

function checkReplacement(
  release: StagedRelease,
  path: string,
  present: TargetEntry,
  isImmutable: (path: string) => boolean,
): void {
  if (isImmutable(path)) {
    throw permanent(
      'immutable-target',
      `The target ${path} is published with other bytes, and immutable_targets forbids to replace it.`,
      'Publish the new bytes under another name, for example with a new version number.',
      path,
    );
  }
  if (!release.force && compareTimestamps(present.release, release.timestamp) > 0) {
    throw permanent(
      'superseded',
      `The target ${path} was written by the later release ${present.release}; ${release.timestamp} would put older bytes over it.`,
      `If that is what you want: tufline retry ${release.timestamp} --force.`,
      path,
    );
  }
}

/** With plain names a path is a file below `targets/`, so it cannot be a directory too, or look like a hashed name. */
function checkPlainName(targets: TargetsMetadata, path: string): void {
  if (looksHashed(basename(path))) {
    throw conflict(path, 'its name looks like that of a hashed copy');
  }
  const parts = path.split('/');
  const parent = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
  const taken = parent.find((directory) => findTarget(targets, directory));
  if (taken !== undefined) throw conflict(path, `${taken} is published as a file`);
  if (hasPathBelow(targets.entries, `${path}/`))
    throw conflict(path, 'there are targets below it as a directory');
}

function conflict(path: string, why: string): TuflineError {
  return permanent(
    'path-conflict',
    `The target ${path} cannot be published with plain_target_names: ${why}.`,
    'Use another name.',
    path,
  );
}

function sameBytes(a: TargetEntry, b: TargetEntry): boolean {
  return a.length === b.length && a.hashes.sha256 === b.hashes.sha256;
}
