import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasErrno, ioError, permanent, TuflineError } from '../../errors/index.js';
import {
  type Digest,
  type FileAccess,
  fillTree,
  type HashAlgorithm,
  link,
  open,
  readdir,
  type TreeSource,
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
  /** Bytes that an earlier attempt had staged; they are not among those of `onBytes`. */
  readonly onAdopted?: (bytes: number) => void;
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

const LONGEST_NAME = 255;

/**
 * Reads and hashes every file of a release and makes it durable in a stage of its own, under the name that
 * clients ask for with consistent snapshots (§6.2: one copy for each listed hash). What an earlier attempt at this
 * release has hashed and staged is taken up: only this role writes there. An earlier stage itself stays as it is, as a
 * record may name it at any moment.
 *
 * @throws permanent `bad-path`, `name-too-long`, `path-conflict`; transient `inbound-damaged` where a file is not what the
 *   manifest says (the move is to be done again), `attempt-taken-over`, and `io-…`.
 */
export async function stageRelease(
  repository: Repository,
  options: StageOptions,
  progress: StagingProgress = {},
): Promise<StagedRelease> {
  const { files, release, timestamp, force } = options;
  for (const { path } of files) checkStagedPath(path);
  const earlier = await stagesOf(repository, release);
  const stage = await beginStage(repository, `release-${release}`);
  try {
    const { digests } = await fillTree({
      ...{ top: stage.path, of: release, earlier, files },
      ...{ source: sourceOf(repository, options), algorithms: repository.options.hashAlgorithms },
      ...progress,
    });
    const targets = new Map<string, TargetEntry>();
    for (const [index, { path }] of files.entries()) {
      const digest = digests[index];
      if (!digest) throw new Error(`${path} has no digest`);
      targets.set(path, { ...digest, release: timestamp });
    }
    const bytes = files.reduce((sum, { length }) => sum + length, 0);
    return { release, timestamp, force, stage, targets, files: files.length, bytes };
  } catch (error) {
    // What is in the way may pass: the next attempt goes on with what this one has staged.
    const isPermanent = error instanceof TuflineError && error.kind === 'permanent';
    if (isPermanent) await discardStage(stage).catch(() => undefined);
    throw error;
  }
}

/** Stages that earlier attempts at a release have left. */
async function stagesOf(repository: Repository, release: string): Promise<string[]> {
  const { staging } = repository.paths;
  const names = await readdir(staging).catch((error: unknown) => {
    throw ioError(error, 'read', staging);
  });
  const prefix = `release-${release}.`;
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(staging, name));
}

function sourceOf(
  { options: { hashAlgorithms, plainTargetNames } }: Repository,
  { directory, link: mayLink }: StageOptions,
): TreeSource<InboundFile> {
  const pathOf = ({ path }: InboundFile): string => join(directory, path);
  return {
    pathOf,
    namesOf: (file) => targetNames(file, hashAlgorithms, plainTargetNames),
    open: (file) => openInbound(pathOf(file)),
    accept: (file, digest) => {
      if (!matches(digest, file)) throw damaged(pathOf(file));
    },
    ...(mayLink ? { link: (file, to) => linkIfPossible(pathOf(file), to) } : {}),
  };
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

async function openInbound(path: string): Promise<FileAccess> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (hasErrno(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) throw damaged(path, error);
      throw ioError(error, 'open', path);
    },
  );
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
