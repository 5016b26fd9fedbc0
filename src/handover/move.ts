import { constants, type BigIntStats } from 'node:fs';
import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../errors/index.js';
import {
  closeRead,
  copyHashing,
  fillNew,
  fsyncDirectory,
  makeDirectory,
  removeTree,
  writeNew,
  type HashAlgorithm,
} from '../files/index.js';
import { mustReadClaim, type Claim } from './claim-file.js';
import type { DecisionOf } from './claim.js';
import { attemptDirectory, inboundDirectory, readManifest, type Manifest } from './inbound.js';
import { directoryName, MANIFEST_FILE, SUMS_FILE } from './names.js';
import { refusal } from './path-rules.js';
import { checkSums, parseSums } from './sums.js';
import { changed, isSameFile, seenAs, walkRelease, type SeenFile } from './walk.js';

export interface MoveOptions {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly timestamp: string;
  readonly release: string;
  readonly hashAlgorithms: readonly HashAlgorithm[];
  readonly decisionOf: DecisionOf;
  readonly onStart?: (totalFiles: number, totalBytes: number) => void;
  readonly onBytes?: (bytes: number) => void;
  readonly onFile?: (path: string) => void;
  readonly signal?: AbortSignal;
}

const AT_ONCE = 4;

/**
 * Copies the files of a claimed release into a directory of this attempt's own on the shared file system, hashing
 * on the way, and installs it as `inbound/X/` by one rename. Where another attempt was first, this one withdraws.
 *
 * @returns the manifest, or undefined where the records have decided this release already.
 * @throws permanent `changed-while-read`, `unreadable`, `sums-…`; transient `claim-gone`, `inbound-taken`,
 *   `file-trouble` (one file cannot be read while others can), `io-…`.
 */
export async function moveRelease(options: MoveOptions): Promise<Manifest | undefined> {
  const { postToTufPath, inboundPath, timestamp, release } = options;
  const processing = join(postToTufPath, directoryName('processing', timestamp));
  // Another run of this release, on another server perhaps, has brought it to its end.
  if ((await options.decisionOf(release)) !== undefined) return undefined;
  const claim = await mustReadClaim(processing, release);
  const target = inboundDirectory(inboundPath, timestamp);
  const present = await readManifest(target);
  if (present?.release === release) return present;

  options.onStart?.(
    claim.files.length,
    claim.files.reduce((sum, { size }) => sum + size, 0),
  );
  const attempt = attemptDirectory(inboundPath, timestamp);
  // Not with its parents: where the shared file system is not mounted, nothing may be written in its place.
  await mkdir(attempt).catch((error: unknown) => {
    throw ioError(error, 'make', attempt);
  });
  try {
    const files = await copyAll(processing, attempt, claim, options);
    await mustBeUnchanged(processing, claim);
    if (claim.sums) await checkAgainstSums(processing, claim.sums, files);
    const manifest: Manifest = { format: 1, release, timestamp, force: claim.force, files };
    await writeNew(join(attempt, MANIFEST_FILE), Buffer.from(`${JSON.stringify(manifest)}\n`));
    await fsyncDirectory(attempt);
    return await install(attempt, target, manifest, options.decisionOf);
  } catch (error) {
    await removeTree(attempt).catch(() => undefined);
    // A late attempt finds files gone that another run of this release has published and cleaned up.
    if (error instanceof TuflineError && error.kind === 'permanent') {
      if ((await options.decisionOf(release)) !== undefined) return undefined;
    }
    throw error;
  }
}

type CopiedFile = Manifest['files'][number];

async function copyAll(from: string, to: string, claim: Claim, options: MoveOptions): Promise<CopiedFile[]> {
  const copied = new Map<string, CopiedFile>();
  const directories = new Set<string>();
  const failures: TuflineError[] = [];
  const queue = [...claim.files];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      options.signal?.throwIfAborted();
      try {
        copied.set(file.path, await copyFile(from, to, file, directories, options));
        options.onFile?.(file.path);
      } catch (error) {
        if (!(error instanceof TuflineError) || error.kind !== 'transient') throw error;
        // The neighbours tell whether it is this file or the whole file system.
        failures.push(error);
        if (failures.length >= 10) return;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  const [first] = failures;
  if (first !== undefined)
    throw copied.size > 0 && first instanceof TuflineError ? fileTrouble(first) : first;
  for (const directory of directories) await fsyncDirectory(directory);
  return claim.files.flatMap(({ path }) => copied.get(path) ?? []);
}

async function copyFile(
  from: string,
  to: string,
  file: SeenFile,
  directories: Set<string>,
  { hashAlgorithms, onBytes, signal }: MoveOptions,
): Promise<CopiedFile> {
  const source = join(from, file.path);
  const target = join(to, file.path);
  const handle = await openInput(source, file.path);
  try {
    mustBeSame(file, await statOf(handle, source));
    const directory = dirname(target);
    if (!directories.has(directory)) await makeDirectory(directory);
    for (let above = directory; above.length >= to.length; above = dirname(above)) directories.add(above);
    const digest = await fillNew(target, 0o666, (copy) =>
      copyHashing(
        { handle, path: source },
        { handle: copy, path: target },
        { algorithms: hashAlgorithms, ...(onBytes ? { onBytes } : {}), ...(signal ? { signal } : {}) },
      ),
    );
    mustBeSame(file, await statOf(handle, source));
    if (digest.length !== file.size) throw changed(file.path);
    return { path: file.path, ...digest };
  } finally {
    await closeRead(handle);
  }
}

/** Never follows a link and never waits for the other end of a pipe: the file may have been exchanged. */
async function openInput(path: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR')) throw changed(shown);
    if (hasErrno(error, 'EACCES', 'EPERM')) {
      throw refusal(
        'unreadable',
        shown,
        'the monitor may not read it',
        'Give the group of the monitor read access (docs/permissions.md).',
      );
    }
    throw ioError(error, 'open', path);
  }
}

async function statOf(handle: FileHandle, path: string): Promise<BigIntStats> {
  return handle.stat({ bigint: true }).catch((error: unknown) => {
    throw ioError(error, 'look at', path);
  });
}

/** The handle's own look: an inode that the claim has recorded has to be this file's. */
function mustBeSame(file: SeenFile, stats: BigIntStats): void {
  const now = seenAs(file.path, stats, file.inode !== undefined);
  if (!stats.isFile() || !isSameFile(file, now)) throw changed(file.path);
}

/** A pipeline that still writes: a file more, less, or another. */
async function mustBeUnchanged(processing: string, claim: Claim): Promise<void> {
  const now = await walkRelease(processing);
  if (now.problem) throw now.problem;
  const before = new Map(claim.files.map((file) => [file.path, file]));
  for (const file of now.files) {
    const known = before.get(file.path);
    if (!known || !isSameFile(known, file)) throw changed(file.path);
    before.delete(file.path);
  }
  const [missing] = before.keys();
  if (missing !== undefined) throw changed(missing);
}

async function checkAgainstSums(
  processing: string,
  sums: SeenFile,
  files: readonly CopiedFile[],
): Promise<void> {
  const path = join(processing, SUMS_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw hasErrno(error, 'ENOENT') ? changed(sums.path) : ioError(error, 'read', path);
  });
  checkSums(
    parseSums(text),
    files.map(({ path: file, hashes }) => ({ path: file, sha256: hashes.sha256 ?? '' })),
  );
}

async function install(
  attempt: string,
  target: string,
  manifest: Manifest,
  decisionOf: DecisionOf,
): Promise<Manifest> {
  for (;;) {
    try {
      await rename(attempt, target);
      await fsyncDirectory(dirname(target));
      return manifest;
    } catch (error) {
      if (!hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw ioError(error, 'rename', attempt);
      const present = await readManifest(target);
      if (present?.release === manifest.release) {
        // Another attempt was first, or it was our own rename whose answer was lost.
        await removeTree(attempt);
        return present;
      }
      if (hasErrno(error, 'ENOENT')) throw ioError(error, 'rename', attempt);
      if (present && (await decisionOf(present.release)) === undefined) throw taken(target, present.release);
      // An earlier release of this timestamp that is decided: nobody needs its copy any more.
      const aside = attemptDirectory(dirname(target), manifest.timestamp);
      await rename(target, aside).catch((again: unknown) => {
        if (!hasErrno(again, 'ENOENT')) throw ioError(again, 'rename', target);
      });
      await removeTree(aside);
    }
  }
}

function fileTrouble(error: TuflineError): TuflineError {
  return new TuflineError({
    code: 'file-trouble',
    kind: 'transient',
    message: `${error.message} Other files of this release read well.`,
    remedy: error.remedy,
    ...(error.path === undefined ? {} : { path: error.path }),
    cause: error,
  });
}

function taken(target: string, release: string): TuflineError {
  return new TuflineError({
    code: 'inbound-taken',
    kind: 'transient',
    message: `${target} holds another release (${release}) that is not decided yet.`,
    remedy: 'It goes on by itself when that release is through; "tufline status" shows what blocks it.',
    path: target,
  });
}
