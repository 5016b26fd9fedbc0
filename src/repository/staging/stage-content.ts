import { join, relative } from 'node:path';
import { readdir } from '../../files/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import type { Repository } from '../repository.js';
import { REPLACING } from './stage.js';

export interface Placement {
  readonly from: string;
  readonly to: string;
  /** Below `targets/`, where directories are made as needed. */
  readonly isTarget: boolean;
}

/** What a stage holds and where it belongs. */
export interface StageContent {
  readonly path: string;
  readonly kind: 'release' | 'metadata';
  /** Files that get names which nothing has. */
  readonly links: readonly Placement[];
  /** Files that take the place of others. */
  readonly renames: readonly Placement[];
  /** Directories to be fsynced though no file may be left: whoever used one up may have been killed before its fsync. */
  readonly alsoDurable: readonly string[];
  /** Files that are for those who prepare the stage. */
  readonly others: readonly string[];
  /** All of them, the deepest first, the stage last. */
  readonly directories: readonly string[];
}

/** A metadata file with its version; whatever else lies in a stage is for those who prepare it. */
const VERSIONED = /^[1-9]\d*\.[a-z0-9-]+\.json$/;
const isLinked = (name: string): boolean => VERSIONED.test(name);
const TARGETS = 'targets';
const TIMESTAMP_FILE = 'timestamp.json';

/** Reads a stage, or undefined where it is gone: then all of it is in place. */
export async function readStage(repository: Repository, id: string): Promise<StageContent | undefined> {
  const path = join(repository.paths.staging, id);
  return id.startsWith('release-') ? readRelease(repository, path) : readMetadata(repository, path);
}

/** `targets/…` and `replace/targets/…`, laid out like the repository. */
async function readRelease({ paths }: Repository, path: string): Promise<StageContent | undefined> {
  const names = await namesIn(path);
  if (!names) return undefined;
  const [links, renames] = await Promise.all([
    walk(names.includes(TARGETS) ? join(path, TARGETS) : undefined),
    walk(names.includes(REPLACING) ? join(path, REPLACING, TARGETS) : undefined),
  ]);
  const placed = (tree: Tree, base: string): Placement[] =>
    tree.files.map((from) => ({ from, to: join(paths.targets, relative(base, from)), isTarget: true }));
  const replacing = join(path, REPLACING, TARGETS);
  return {
    path,
    kind: 'release',
    links: placed(links, join(path, TARGETS)),
    renames: placed(renames, replacing),
    alsoDurable: renames.directories.flatMap((directory) => [
      directory,
      join(paths.targets, relative(replacing, directory)),
    ]),
    others: names.filter((name) => name !== TARGETS && name !== REPLACING).map((name) => join(path, name)),
    directories: [
      ...links.directories.toReversed(),
      ...renames.directories.toReversed(),
      ...(names.includes(REPLACING) ? [join(path, REPLACING)] : []),
      path,
    ],
  };
}

/** Files under their final names. */
async function readMetadata({ paths }: Repository, path: string): Promise<StageContent | undefined> {
  const names = await namesIn(path);
  if (!names) return undefined;
  const placed = (name: string): Placement => ({
    from: join(path, name),
    to: join(paths.metadata, name),
    isTarget: false,
  });
  return {
    path,
    kind: 'metadata',
    links: names.filter(isLinked).map(placed),
    renames: names.filter((name) => name === TIMESTAMP_FILE).map(placed),
    // The stage of a timestamp too, lest a power cut bring back what was renamed out of it.
    alsoDurable: names.some(isLinked) ? [paths.metadata] : [paths.metadata, path],
    others: names
      .filter((name) => !isLinked(name) && name !== TIMESTAMP_FILE)
      .map((name) => join(path, name)),
    directories: [path],
  };
}

interface Tree {
  readonly files: string[];
  /** With the top. */
  readonly directories: string[];
}

async function walk(directory: string | undefined): Promise<Tree> {
  const found: Tree = { files: [], directories: [] };
  if (directory === undefined) return found;
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return found;
    throw ioError(error, 'read', directory);
  }
  found.directories.push(directory);
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) found.files.push(path);
    else {
      const below = await walk(path);
      // One after the other: there may be more than a call takes arguments.
      for (const file of below.files) found.files.push(file);
      found.directories.push(...below.directories);
    }
  }
  return found;
}

async function namesIn(directory: string): Promise<string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw ioError(error, 'read', directory);
  }
}
