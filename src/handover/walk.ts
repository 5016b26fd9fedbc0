import type { BigIntStats } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, ioError, permanent, TuflineError } from '../errors/index.js';
import { finalName, lstat, readdir } from '../files/index.js';
import { CLAIM_FILE, ERROR_FILE, RELEASE_FILE, RETRY_FILE, SUMS_FILE } from './names.js';
import { checkTargetPath, CollisionCheck, decodeName, refusal } from './path-rules.js';

/** A file of a release as it was seen when it was claimed. */
export interface SeenFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Absent where the file system makes inode numbers up. */
  readonly inode?: string | undefined;
  readonly mtime_ns: string;
}

/** Whether two looks at a path have seen the same file, untouched. */
export function isSameFile(before: SeenFile, now: SeenFile): boolean {
  const isSameInode = before.inode === undefined || now.inode === undefined || before.inode === now.inode;
  return isSameInode && before.size === now.size && before.mtime_ns === now.mtime_ns;
}

export interface Contents {
  /** Files to publish, sorted by path. */
  readonly files: readonly SeenFile[];
  readonly sums: SeenFile | undefined;
  /** The first thing that forbids to release this directory. */
  readonly problem: TuflineError | undefined;
}

const SLASH = Buffer.from('/');
const LOOKS_AT_ONCE = 16;
const OWN_FILES = new Set([CLAIM_FILE, ERROR_FILE, RETRY_FILE]);

/** Whether an entry is none of the pipeline's: file names that an NFS client makes, and our own temporary ones. */
function isNoise(name: string): boolean {
  return name.startsWith('.nfs') || finalName(name) !== undefined;
}

/**
 * Looks at everything in a release's directory, on raw bytes, as names may be no UTF-8. Reads no content.
 * @throws transient `io-…` where the directory cannot be looked at; what is wrong with the input is returned.
 */
export async function walkRelease(directory: string, signal?: AbortSignal): Promise<Contents> {
  const files: SeenFile[] = [];
  let sums: SeenFile | undefined;
  let problem: TuflineError | undefined;
  const collisions = new CollisionCheck();
  const hasInodes = await keepsInodes(directory);

  const visit = async (raw: Buffer, within: string): Promise<void> => {
    const names = await readdir(raw, { encoding: 'buffer' }).catch((error: unknown) => {
      throw unreadable(error, directory, within);
    });
    names.sort((a, b) => Buffer.compare(a, b));
    for await (const { rawName, rawPath, look } of looksAt(raw, names)) {
      signal?.throwIfAborted();
      try {
        const name = decodeName(rawName, within);
        const path = `${within}${name}`;
        if (isNoise(name) || (within === '' && OWN_FILES.has(name))) continue;
        if (look.status === 'rejected')
          throw hasErrno(look.reason, 'ENOENT') ? changed(path) : unreadable(look.reason, directory, path);
        const stats = look.value;
        if (within === '' && name === SUMS_FILE && stats.isFile()) {
          sums = seenAs(path, stats, hasInodes);
          continue;
        }
        refuseReserved(path);
        refuseType(path, stats);
        checkTargetPath(path);
        if (stats.isDirectory()) await visit(rawPath, `${path}/`);
        else {
          collisions.add(path);
          files.push(seenAs(path, stats, hasInodes));
        }
      } catch (error) {
        if (!(error instanceof TuflineError) || error.kind !== 'permanent') throw error;
        problem ??= error;
      }
    }
  };
  await visit(Buffer.from(directory), '');
  if (!problem && files.length === 0) {
    problem = permanent(
      'empty-release',
      'There is no file in this release.',
      'Put files into the directory before it is renamed to tuf_ready_*.',
    );
  }
  // Without surrogates, which are refused, strings compare as their bytes in UTF-8 do.
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, sums, problem };
}

interface Look {
  readonly rawName: Buffer;
  readonly rawPath: Buffer;
  readonly look: PromiseSettledResult<BigIntStats>;
}

/** The entries of a directory with their attributes: several looks at once, but not all of a large directory. */
async function* looksAt(directory: Buffer, names: readonly Buffer[]): AsyncGenerator<Look> {
  for (let begin = 0; begin < names.length; begin += LOOKS_AT_ONCE) {
    const entries = names.slice(begin, begin + LOOKS_AT_ONCE).map((rawName) => ({
      rawName,
      rawPath: Buffer.concat([directory, SLASH, rawName]),
    }));
    const looks = await Promise.allSettled(entries.map(({ rawPath }) => lstat(rawPath, { bigint: true })));
    for (const [index, look] of looks.entries()) {
      const entry = entries[index];
      if (entry) yield { ...entry, look };
    }
  }
}

/** What a look at a path has seen. */
export function seenAs(path: string, stats: BigIntStats, hasInodes: boolean): SeenFile {
  const inode = hasInodes ? { inode: stats.ino.toString() } : {};
  return { path, size: Number(stats.size), ...inode, mtime_ns: stats.mtimeNs.toString() };
}

/** Types (statfs(2)) of file systems that may give a file another inode number once it is out of their cache. */
const WITHOUT_INODES: ReadonlySet<number> = new Set([
  0x65735546, // FUSE: sshfs, s3fs …
  0xff534d42, // CIFS with noserverino
  0xfe534d42, // the same, SMB 2 and later
]);

/** Whether inode numbers in a directory tell files from each other for longer than they are open. */
export async function keepsInodes(directory: string): Promise<boolean> {
  const { type } = await statfs(directory).catch((error: unknown) => {
    throw ioError(error, 'look at', directory);
  });
  return !WITHOUT_INODES.has(type);
}

function refuseType(path: string, stats: BigIntStats): void {
  if (stats.isFile() || stats.isDirectory()) return;
  const what = stats.isSymbolicLink()
    ? 'symbolic-link'
    : stats.isFIFO()
      ? 'fifo'
      : stats.isSocket()
        ? 'socket'
        : 'device';
  throw refusal(what, path, `it is a ${what.replace('-', ' ')}`, 'Hand over regular files only.');
}

function refuseReserved(path: string): void {
  if (path === RELEASE_FILE) {
    throw refusal(
      'not-built-yet',
      path,
      'removal of targets and custom data are not built yet',
      'Hand the release over without this file.',
    );
  }
  if (/^tufline-[^/]*\.json$/.test(path)) {
    throw refusal('reserved-name', path, 'names of the form tufline-*.json are reserved', 'Rename it.');
  }
}

function unreadable(error: unknown, directory: string, path: string): TuflineError {
  if (!hasErrno(error, 'EACCES', 'EPERM')) return ioError(error, 'read', join(directory, path));
  return refusal(
    'unreadable',
    path === '' ? directory : path,
    'the monitor may not read it',
    'Give the group of the monitor access to it (docs/permissions.md).',
  );
}

/** The pipeline still wrote although it had renamed the directory to `tuf_ready_*`. */
export function changed(path: string): TuflineError {
  return refusal(
    'changed-while-read',
    path,
    'it changed after the directory had been handed over',
    'Rename the directory to tuf_ready_* only when all files are complete, and do not touch them afterwards.',
  );
}
