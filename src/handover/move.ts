import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../errors/index.js';
import { fsyncDirectory, type HashAlgorithm, mkdir, removeTree, writeNew } from '../files/index.js';
import { isIntact } from './check-copy.js';
import { mustReadClaim, type Claim } from './claim-file.js';
import type { DecisionOf } from './claim.js';
import { copyRelease, type CopiedFile } from './copy-release.js';
import { attemptDirectory, attemptsOf, inboundDirectory, readManifest, type Manifest } from './inbound.js';
import { discardCopy, installCopy } from './install-copy.js';
import { directoryName, MANIFEST_FILE, SUMS_FILE } from './names.js';
import { checkSums, parseSums } from './sums.js';
import { changed, isSameFile, walkRelease, type SeenFile } from './walk.js';

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
  /** Bytes that an earlier attempt had copied; they are not among those of `onBytes`. */
  readonly onAdopted?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Copies the files of a claimed release into a directory of this attempt's own on the shared file system, hashing
 * on the way, and installs it as `inbound/X/` by one rename. What earlier attempts at this release have made durable
 * is taken up. Where another attempt was first, this one withdraws.
 *
 * @returns the manifest, or undefined where the records have decided this release already.
 * @throws permanent `changed-while-read`, `unreadable`, `sums-…`; transient `claim-gone`, `inbound-taken`,
 *   `file-trouble` (one file cannot be read while others can), `attempt-taken-over`, `io-…`.
 */
export async function moveRelease(options: MoveOptions): Promise<Manifest | undefined> {
  const { postToTufPath, inboundPath, timestamp, release, hashAlgorithms, signal } = options;
  const processing = join(postToTufPath, directoryName('processing', timestamp));
  // Another run of this release, on another server perhaps, has brought it to its end.
  if ((await options.decisionOf(release)) !== undefined) return undefined;
  const claim = await mustReadClaim(processing, release);
  options.onStart?.(
    claim.files.length,
    claim.files.reduce((sum, { size }) => sum + size, 0),
  );
  const target = inboundDirectory(inboundPath, timestamp);
  const present = await readManifest(target);
  if (present?.release === release) {
    if (await isIntact(target, present, hashAlgorithms, options)) return present;
    await discardCopy(target, present, signal);
  }

  const earlier = await attemptsOf(inboundPath, timestamp, release);
  const attempt = attemptDirectory(inboundPath, timestamp);
  // Not with its parents: where the shared file system is not mounted, nothing may be written in its place.
  await mkdir(attempt).catch((error: unknown) => {
    throw ioError(error, 'make', attempt);
  });
  try {
    const files = await copyRelease(processing, attempt, earlier, claim, options);
    await mustBeUnchanged(processing, claim, signal);
    if (claim.sums) await checkAgainstSums(processing, claim.sums, files);
    const manifest: Manifest = { format: 1, release, timestamp, force: claim.force, files };
    await writeNew(join(attempt, MANIFEST_FILE), Buffer.from(`${JSON.stringify(manifest)}\n`));
    await fsyncDirectory(attempt);
    return await installCopy(attempt, target, manifest, options.decisionOf, signal);
  } catch (error) {
    // What is in the way may pass: the next attempt goes on with what this one has copied.
    if (!(error instanceof TuflineError) || error.kind !== 'permanent') throw error;
    await removeTree(attempt, signal).catch(() => undefined);
    // A late attempt finds files gone that another run of this release has published and cleaned up.
    if ((await options.decisionOf(release)) !== undefined) return undefined;
    throw error;
  }
}

/** A pipeline that still writes: a file more, less, or another. */
async function mustBeUnchanged(processing: string, claim: Claim, signal?: AbortSignal): Promise<void> {
  const now = await walkRelease(processing, signal);
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
