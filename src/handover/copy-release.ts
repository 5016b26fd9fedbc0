import { constants, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../errors/index.js';
import { type Digest, type FileAccess, fillTree, open, type TreeSource } from '../files/index.js';
import type { Claim } from './claim-file.js';
import type { Manifest } from './inbound.js';
import type { MoveOptions } from './move.js';
import { refusal } from './path-rules.js';
import { changed, isSameFile, seenAs, type SeenFile } from './walk.js';

export type CopiedFile = Manifest['files'][number];

/** Files that fail while the others are copied: they tell whether it is one file or the whole file system. */
const TOLERATED = 9;

/**
 * Copies the files of a claim into a directory of this attempt's own, and takes up what earlier attempts have copied.
 * @throws permanent `changed-while-read`, `unreadable`; transient `file-trouble`, `attempt-taken-over`, `io-…`.
 */
export async function copyRelease(
  processing: string,
  attempt: string,
  earlier: readonly string[],
  claim: Claim,
  { hashAlgorithms, onBytes, onFile, onAdopted, signal }: MoveOptions,
): Promise<CopiedFile[]> {
  const files = claim.files.map((seen) => ({ path: seen.path, length: seen.size, seen }));
  const { digests, failures } = await fillTree({
    ...{ top: attempt, of: claim.release, earlier, files, source: sourceIn(processing) },
    ...{ algorithms: hashAlgorithms, tolerated: TOLERATED },
    ...(onBytes ? { onBytes } : {}),
    ...(onFile ? { onFile } : {}),
    ...(onAdopted ? { onAdopted } : {}),
    ...(signal ? { signal } : {}),
  });
  const [failure] = failures;
  if (failure !== undefined) {
    throw digests.some((digest) => digest !== undefined) ? fileTrouble(failure) : failure;
  }
  return files.map(({ path }, index) => {
    const digest = digests[index];
    if (!digest) throw new Error(`${path} has no digest`);
    return { path, ...digest };
  });
}

interface ClaimedFile {
  readonly path: string;
  readonly length: number;
  readonly seen: SeenFile;
}

function sourceIn(processing: string): TreeSource<ClaimedFile> {
  const pathOf = ({ path }: ClaimedFile): string => join(processing, path);
  return {
    pathOf,
    namesOf: ({ path }) => [path],
    open: (file) => openInput(pathOf(file), file.path),
    check: async (file, handle) => {
      mustBeSame(file.seen, await statOf(handle, pathOf(file)));
    },
    accept: (file, { length }: Digest) => {
      if (length !== file.length) throw changed(file.path);
    },
  };
}

/** Never follows a link and never waits for the other end of a pipe: the file may have been exchanged. */
async function openInput(path: string, shown: string): Promise<FileAccess> {
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

async function statOf(handle: FileAccess, path: string): Promise<BigIntStats> {
  return handle.stat({ bigint: true }).catch((error: unknown) => {
    throw ioError(error, 'look at', path);
  });
}

/** The handle's own look: an inode that the claim has recorded has to be this file's. */
function mustBeSame(file: SeenFile, stats: BigIntStats): void {
  const now = seenAs(file.path, stats, file.inode !== undefined);
  if (!stats.isFile() || !isSameFile(file, now)) throw changed(file.path);
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
