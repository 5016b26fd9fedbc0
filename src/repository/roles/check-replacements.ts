import { basename, join } from 'node:path';
import picomatch from 'picomatch';
import { hasErrno, ioError, permanent, type TuflineError } from '../../errors/index.js';
import { eachAtOnce, lstat } from '../../files/index.js';
import { compareTimestamps } from '../../timestamps/index.js';
import { findTarget, type TargetEntry, type TargetsMetadata } from '../metadata/targets.js';
import type { Repository } from '../repository.js';
import { looksHashed } from '../staging/staged-path.js';
import type { StagedRelease } from '../staging/stage-release.js';
import { groupByFile, type FileChanges } from './changes-by-file.js';
import { findPublished, loadTargets, type CurrentTargets } from './current-targets.js';

const AT_ONCE = 4;

/**
 * Which of these releases may not put their bytes where they want to, given what is published and what the others
 * bring before them: `immutable-target`, `superseded`, `path-conflict`.
 */
export async function refusedReplacements(
  repository: Repository,
  current: CurrentTargets,
  releases: readonly StagedRelease[],
): Promise<Map<StagedRelease, TuflineError>> {
  const isImmutable = picomatch([...repository.options.immutableTargets], { dot: true });
  const refused = new Map<StagedRelease, TuflineError>();
  for (let before = -1; before < refused.size;) {
    // Once more without the refused ones: what was held against a release may have been theirs.
    before = refused.size;
    const admitted = releases
      .filter((release) => !refused.has(release))
      .sort((a, b) => compareTimestamps(a.timestamp, b.timestamp));
    await eachAtOnce(groupByFile(current.state.hashBins, admitted), AT_ONCE, async ([file, changes]) => {
      const meta = current.state.meta.get(file);
      if (!meta) throw new Error(`no record names ${file}`);
      const targets = await loadTargets(repository, file, meta);
      const brought = new Map<string, TargetEntry>();
      for (const { release, path } of changes) {
        const entry = entryOf(release, path);
        const present = brought.get(path) ?? findTarget(targets, path);
        const error = present && replacementError(release, path, present, entry, isImmutable);
        if (error && !refused.has(release)) refused.set(release, error);
        brought.set(path, entry);
      }
    });
    if (refused.size === before && repository.options.plainTargetNames) {
      for (const release of admitted) {
        const error = await plainNameError(repository, current, release, admitted);
        if (!error) continue;
        refused.set(release, error);
        break;
      }
    }
  }
  return refused;
}

/**
 * The entries that releases bring into one metadata file. Bytes that are published already stay credited to the later
 * of the two releases, or a third that lies between them could put older bytes over them afterwards.
 */
export function changesOf(targets: TargetsMetadata, changes: FileChanges): ReadonlyMap<string, TargetEntry> {
  const brought = new Map<string, TargetEntry>();
  for (const { release, path } of changes) {
    const entry = entryOf(release, path);
    const present = brought.get(path) ?? findTarget(targets, path);
    const isOlder = present !== undefined && compareTimestamps(present.release, entry.release) > 0;
    const keeps = isOlder && sameBytes(present, entry);
    brought.set(path, keeps ? { ...entry, release: present.release } : entry);
  }
  return brought;
}

function entryOf({ targets }: StagedRelease, path: string): TargetEntry {
  const entry = targets.get(path);
  if (!entry) throw new Error(`the release has no ${path}`);
  return entry;
}

function replacementError(
  release: StagedRelease,
  path: string,
  present: TargetEntry,
  entry: TargetEntry,
  isImmutable: (path: string) => boolean,
): TuflineError | undefined {
  if (sameBytes(present, entry)) return undefined;
  if (isImmutable(path)) {
    return permanent(
      'immutable-target',
      `The target ${path} is published with other bytes, and immutable_targets forbids to replace it.`,
      'Publish the new bytes under another name, for example with a new version number.',
      path,
    );
  }
  if (release.force || compareTimestamps(present.release, release.timestamp) <= 0) return undefined;
  return permanent(
    'superseded',
    `The target ${path} was written by the later release ${present.release}; ${release.timestamp} would put older bytes over it.`,
    `If that is what you want: tufline retry ${release.timestamp} --force.`,
    path,
  );
}

/** With plain names a path is a file below `targets/`, so it cannot be a directory too, or look like a hashed name. */
async function plainNameError(
  repository: Repository,
  current: CurrentTargets,
  release: StagedRelease,
  admitted: readonly StagedRelease[],
): Promise<TuflineError | undefined> {
  const others = admitted.slice(0, admitted.indexOf(release));
  for (const path of release.targets.keys()) {
    if (looksHashed(basename(path))) return conflict(path, 'its name looks like that of a hashed copy');
    const parts = path.split('/');
    const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
    for (const parent of parents) {
      const isTaken =
        others.some(({ targets }) => targets.has(parent)) ||
        (await findPublished(repository, current, parent)) !== undefined;
      if (isTaken) return conflict(path, `${parent} is published as a file`);
    }
    const isDirectory =
      others.some(({ targets }) => [...targets.keys()].some((other) => other.startsWith(`${path}/`))) ||
      (await hasDirectory(join(repository.paths.targets, path)));
    if (isDirectory) return conflict(path, 'there are targets below it as a directory');
  }
  return undefined;
}

async function hasDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw ioError(error, 'look at', path);
  }
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
