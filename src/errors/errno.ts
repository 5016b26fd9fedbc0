import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { TuflineError } from './tufline-error.js';

export interface Meaning {
  readonly says: string;
  readonly remedy: string;
}

/**
 * What each error number of the file system means to an operator. Everything here is transient: the step is
 * tried again for as long as the trouble lasts, because the files are still where the pipeline put them and
 * waiting loses nothing. Where an error number condemns the input instead (a symbolic link opened with
 * O_NOFOLLOW gives ELOOP), the code that opened the file says so, not this table.
 */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  EIO: {
    says: 'the storage reported an input/output error',
    remedy: 'Check the disk or the file server; the step is tried again by itself.',
  },
  ENOSPC: {
    says: 'there is no space left on the device',
    remedy: 'Free space (or inodes) on that file system; the step is tried again by itself.',
  },
  EDQUOT: {
    says: 'the disk quota is used up',
    remedy: 'Raise the quota or free space; the step is tried again by itself.',
  },
  ESTALE: {
    says: 'the NFS file handle is stale',
    remedy: 'Check the NFS export and mount; the step is tried again by itself.',
  },
  EROFS: {
    says: 'the file system is mounted read-only',
    remedy: 'Mount it read-write; the step is tried again by itself.',
  },
  EMFILE: {
    says: 'this process has too many files open',
    remedy: 'Raise the limit on open files (ulimit -n); the step is tried again by itself.',
  },
  ENFILE: {
    says: 'the system has too many files open',
    remedy: 'Raise fs.file-max; the step is tried again by itself.',
  },
  ENOMEM: { says: 'the system is out of memory', remedy: 'Free memory; the step is tried again by itself.' },
  EACCES: {
    says: 'permission was denied',
    remedy: 'Give the user of this process access (docs/permissions.md); the step is tried again by itself.',
  },
  EPERM: {
    says: 'the operation is not permitted',
    remedy:
      'Check owner, attributes and mount options (docs/permissions.md); the step is tried again by itself.',
  },
  ENOENT: {
    says: 'it is not there',
    remedy: 'Check that the path exists and is mounted; the step is tried again by itself.',
  },
  EXDEV: {
    says: 'the two paths are on different file systems',
    remedy: 'Put the repository and its staging directory on one file system (docs/operating.md).',
  },
  EBUSY: { says: 'it is in use', remedy: 'Find who holds it (lsof); the step is tried again by itself.' },
  ETIMEDOUT: {
    says: 'the file server did not answer',
    remedy: 'Check the file server and the network; the step is tried again by itself.',
  },
  ENOTCONN: {
    says: 'the file system is not connected',
    remedy: 'Mount it again; the step is tried again by itself.',
  },
  ENOTDIR: {
    says: 'a part of the path is not a directory',
    remedy: 'Check what lies at that path; the step is tried again by itself.',
  },
  EFBIG: {
    says: 'the file is larger than this process may write',
    remedy: 'Raise the limit (ulimit -f); the step is tried again by itself.',
  },
};

export const UNKNOWN: Meaning = {
  says: 'the operating system refused',
  remedy: 'Check the file system; the step is tried again by itself.',
};

/** Whether `error` comes from a system call, that is, carries an error number. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { errno: number } {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number';
}

/**
 * The POSIX name of an error's number, or undefined where it has none. By number and not by `error.code`,
 * because Node has no code for some of the numbers that network file systems give (ESTALE, EDQUOT).
 */
export function errnoName(error: unknown): string | undefined {
  // Node joins what a read and the close after it have said.
  if (error instanceof AggregateError) return error.errors.map(errnoName).find((name) => name !== undefined);
  if (!isSystemError(error)) return undefined;
  const number = Math.abs(error.errno);
  const known = Object.entries(constants.errno).find(([, value]) => value === number);
  return known ? known[0] : getSystemErrorName(-number);
}

/** Whether `error` is a system error with one of these names, for example `hasErrno(error, 'EEXIST')`. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  const name = errnoName(error);
  return name !== undefined && names.includes(name);
}

/**
 * Turns the failure of a system call into a sentence.
 *
 * @param operation what was tried, as a verb: `write`, `fsync`, `rename`.
 * @param path the file concerned.
 * @returns a transient {@link TuflineError} with code `io-<errno in lower case>`; an error that is a
 *   TuflineError already is returned as it is.
 */
export function ioError(error: unknown, operation: string, path: string): TuflineError {
  if (error instanceof TuflineError) return error;
  const name = errnoName(error) ?? 'unknown';
  const meaning = MEANINGS[name] ?? UNKNOWN;
  return new TuflineError({
    code: `io-${name.toLowerCase()}`,
    kind: 'transient',
    message: `Could not ${operation} ${path}: ${meaning.says} (${name}).`,
    remedy: meaning.remedy,
    path,
    cause: error,
  });
}
