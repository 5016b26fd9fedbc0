import { constants } from 'node:fs';
import { link, open, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasErrno, ioError, permanent, TuflineError } from '../../errors/index.js';
import {
  closeRead,
  copyHashing,
  fillNew,
  fsyncDirectory,
  hashFile,
  makeDirectory,
  type Digest,
  type HashAlgorithm,
} from '../../files/index.js';
import type { TargetEntry } from '../metadata/target-entries.js';
import type { Repository } from '../repository.js';
import { checkStagedPath } from './staged-path.js';
import { beginStage, discardStage, REPLACING, type Stage } from './stage.js';

/** A file of a release as it lies in the inbound directory. */
export interface InboundFile {
  /** Target path: `/` between its parts. */
  readonly path: string;
  readonly length: number;
  readonly hashes: Readonly<Partial<Record<HashAlgorithm, string>>>;
}

export interface StageOptions {
  /** The id that the claim gave. */
  readonly release: string;
  readonly timestamp: string;
  /** An operator's `retry --force`: older bytes may replace newer ones. */
  readonly force: boolean;
  /** Directory that holds the files. */
  readonly directory: string;
  readonly files: readonly InboundFile[];
  /** Link files instead of copying them: only where nobody else can write to them. */
  readonly link: boolean;
}

export interface StagingProgress {
  readonly onBytes?: (bytes: number) => void;
  readonly onFile?: (path: string) => void;
  readonly signal?: AbortSignal;
}

/** A release whose files are durable below `staging/`, ready to be committed. */
export interface StagedRelease {
  readonly release: string;
  readonly timestamp: string;
  readonly force: boolean;
  readonly stage: Stage;
  readonly targets: ReadonlyMap<string, TargetEntry>;
  readonly files: number;
  readonly bytes: number;
}

const AT_ONCE = 4;
const LONGEST_NAME = 255;

/**
 * Reads and hashes every file of a release and makes it durable in a stage of its own, under the name that
 * clients ask for with consistent snapshots (§6.2: one copy for each listed hash).
 *
 * @throws permanent `bad-path`, `name-too-long`, `path-conflict`; transient `inbound-damaged` where a file is not what the
 *   manifest says (the move is to be done again), and `io-…`.
 */
export async function stageRelease(
  repository: Repository,
  options: StageOptions,
  progress: StagingProgress = {},
): Promise<StagedRelease> {
  const { files, release, timestamp } = options;
  for (const { path } of files) checkStagedPath(path);
  const stage = await beginStage(repository, `release-${release}`);
  try {
    const targets = new Map<string, TargetEntry>();
    const directories = new Set<string>();
    const queue = [...files];
    const work = async (): Promise<void> => {
      for (let file = queue.shift(); file; file = queue.shift()) {
        const digest = await stageFile(repository, stage, options, file, directories, progress);
        targets.set(file.path, { ...digest, release: timestamp });
        progress.onFile?.(file.path);
      }
    };
    // All of them end before a failure is reported: none may write into a stage that is being discarded.
    const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    for (const directory of directories) await fsyncDirectory(directory);
    const bytes = files.reduce((sum, { length }) => sum + length, 0);
    return { release, timestamp, force: options.force, stage, targets, files: files.length, bytes };
  } catch (error) {
    await discardStage(stage).catch(() => undefined);
    throw error;
  }
}

async function stageFile(
  repository: Repository,
  stage: Stage,
  options: StageOptions,
  file: InboundFile,
  directories: Set<string>,
  { onBytes, signal }: StagingProgress,
): Promise<Digest> {
  const algorithms = repository.options.hashAlgorithms;
  const names = targetNames(file, algorithms, repository.options.plainTargetNames);
  const [first, ...others] = names.map((name) => join(stage.path, name));
  if (first === undefined) throw new Error('a target has at least one hash');
  for (const path of [first, ...others]) {
    const directory = dirname(path);
    if (!directories.has(directory)) await makeDirectory(directory);
    directories.add(directory);
  }
  const source = join(options.directory, file.path);
  const streaming = { algorithms, ...(onBytes ? { onBytes } : {}), ...(signal ? { signal } : {}) };
  const digest = await withOpen(source, async (handle) => {
    if (options.link && (await linkIfPossible(source, first))) {
      // The move has fsynced it before its manifest: an fsync here could only hide that one has failed before.
      return hashFile(handle, source, streaming);
    }
    return fillNew(first, 0o666, (target) =>
      copyHashing({ handle, path: source }, { handle: target, path: first }, streaming),
    );
  });
  if (!matches(digest, file)) throw damaged(source);
  for (const other of others) {
    await link(first, other).catch((error: unknown) => {
      throw ioError(error, 'link', other);
    });
  }
  return digest;
}

/** Where a target's copies lie in a stage, and so below the repository. */
function targetNames(file: InboundFile, algorithms: readonly HashAlgorithm[], plain: boolean): string[] {
  const directory = dirname(file.path);
  const name = basename(file.path);
  const names = algorithms.map((algorithm) => {
    const digest = file.hashes[algorithm];
    if (digest === undefined) throw damaged(file.path);
    const hashed = `${digest}.${name}`;
    if (Buffer.byteLength(hashed) > LONGEST_NAME) throw tooLong(file.path, algorithm, digest.length);
    return join('targets', directory, hashed);
  });
  return plain ? [...names, join(REPLACING, 'targets', directory, name)] : names;
}

async function withOpen<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (hasErrno(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) throw damaged(path, error);
      throw ioError(error, 'open', path);
    },
  );
  try {
    return await use(handle);
  } finally {
    await closeRead(handle);
  }
}

/** Whether a link could be made; a file system that cannot is no reason to fail, the file is copied then. */
async function linkIfPossible(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP')) return false;
    throw ioError(error, 'link', to);
  }
}

function matches(digest: Digest, file: InboundFile): boolean {
  return (
    digest.length === file.length &&
    Object.entries(digest.hashes).every(([name, value]) =>
      Object.entries(file.hashes).some(([n, v]) => n === name && v === value),
    )
  );
}

function damaged(path: string, cause?: unknown): TuflineError {
  return new TuflineError({
    code: 'inbound-damaged',
    kind: 'transient',
    message: `The inbound copy ${path} is not the file that was handed over.`,
    remedy:
      'It is copied again from the post-to-TUF directory by itself; where that repeats, check the disk.',
    path,
    cause,
  });
}

function tooLong(path: string, algorithm: string, digits: number): TuflineError {
  const room = LONGEST_NAME - 1 - digits;
  return permanent(
    'name-too-long',
    `The name of ${path} is too long: with its ${algorithm} hash in front it has to fit into ${String(LONGEST_NAME)} bytes.`,
    `Use a name of at most ${String(room)} bytes.`,
    path,
  );
}
