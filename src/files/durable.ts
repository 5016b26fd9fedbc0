import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { link, mkdir, open, rename, unlink, type FileAccess } from './calls/index.js';
import { hasErrno, ioError } from '../errors/index.js';

/** Bytes of a file in one piece or in several that follow each other (large metadata is never concatenated). */
export type Bytes = Uint8Array | readonly Uint8Array[];

/** Names of files that are still being written. Nobody but the process that made one looks at it. */
export const TEMPORARY_PREFIX = '.tufline-tmp-';
const UUID_SUFFIX = '-'.length + 36;

/** A fresh temporary name beside `path`. It carries the final name, so that a sweep can tell what it was to be. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `${TEMPORARY_PREFIX}${basename(path)}-${randomUUID()}`);
}

/** The final name that a temporary one was for, or undefined for any other name. */
export function finalName(name: string): string | undefined {
  return name.startsWith(TEMPORARY_PREFIX) ? name.slice(TEMPORARY_PREFIX.length, -UUID_SUFFIX) : undefined;
}

/**
 * Removes the temporary files that killed processes left directly in a directory.
 * @param isUnneeded asked with the final name of each: whether nobody can still be about to place it.
 */
export async function sweepTemporary(
  directory: string,
  isUnneeded: (name: string) => boolean,
): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return [];
    throw ioError(error, 'read', directory);
  });
  for (const name of names) {
    const final = finalName(name);
    if (final !== undefined && isUnneeded(final)) await removeFile(join(directory, name));
  }
}

/**
 * Writes a new file whole and durably: create (never open what exists), write, fsync, close.
 * The directory entry is not yet durable; see {@link fsyncDirectory}.
 *
 * A failed fsync is never repeated on the same file, because the kernel reports a lost write once and then
 * forgets it: whatever fails, the file is removed, and the caller writes it anew from its source.
 */
export async function writeNew(path: string, bytes: Bytes, mode = 0o666): Promise<void> {
  await fillNew(path, mode, async (handle) => {
    const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
    for (const piece of pieces) await writeAll(handle, piece, path);
  });
}

/** As {@link writeNew}, for whatever `fill` writes into the open file. */
export async function fillNew<T>(
  path: string,
  mode: number,
  fill: (handle: FileAccess) => Promise<T>,
): Promise<T> {
  const handle = await createNew(path, mode);
  try {
    const result = await fill(handle);
    await finishFile(handle, path);
    return result;
  } catch (error) {
    await abandonNew(handle, path);
    throw error;
  }
}

/** Opens a file that must not exist yet. It is to be ended with {@link finishFile} or {@link abandonNew}. */
export async function createNew(path: string, mode: number): Promise<FileAccess> {
  return open(path, 'wx', mode).catch((error: unknown) => {
    throw ioError(error, 'create', path);
  });
}

/** Makes what was written into an open file durable, and closes it. */
export async function finishFile(handle: FileAccess, path: string): Promise<void> {
  await handle.sync().catch((error: unknown) => {
    throw ioError(error, 'fsync', path);
  });
  // On NFS a full disk may show only here.
  await handle.close().catch((error: unknown) => {
    throw ioError(error, 'close', path);
  });
}

/** Closes and removes a file whose writing has failed. */
export async function abandonNew(handle: FileAccess, path: string): Promise<void> {
  await handle.close().catch(() => undefined);
  await unlink(path).catch(() => undefined);
}

/** Writes all of `piece` at a position, by default the current one; a short write is continued. */
export async function writeAll(
  handle: FileAccess,
  piece: Uint8Array,
  path: string,
  position?: number,
): Promise<void> {
  let done = 0;
  while (done < piece.byteLength) {
    const at = position === undefined ? null : position + done;
    try {
      const { bytesWritten } = await handle.write(piece, done, piece.byteLength - done, at);
      done += bytesWritten;
    } catch (error) {
      throw ioError(error, 'write', path);
    }
  }
}

/** Closes a file that was only read: whatever close says, nothing is lost by it. */
export async function closeRead(handle: FileAccess): Promise<void> {
  await handle.close().catch(() => undefined);
}

/** Makes the entries of a directory durable. File systems that cannot fsync a directory do it by themselves. */
export async function fsyncDirectory(path: string): Promise<void> {
  let handle: FileAccess;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw ioError(error, 'open', path);
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!hasErrno(error, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP')) throw ioError(error, 'fsync', path);
  } finally {
    // Not waited for: a step does this a dozen times in a row, and each call is a trip to another thread.
    void closeRead(handle);
  }
}

/**
 * Makes a directory and its missing parents, and makes each new entry durable.
 * An existing directory is fine and costs one system call. `mode` is that of the last directory only.
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return;
    if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'make', path);
    await makeDirectory(dirname(path));
    await mkdir(path, mode).catch((again: unknown) => {
      if (!hasErrno(again, 'EEXIST')) throw ioError(again, 'make', path);
    });
  }
  await fsyncDirectory(dirname(path));
}

/**
 * As {@link makeDirectory}, but the caller makes the new entries durable.
 * @param touched gets the directories that have to be fsynced for that.
 */
export async function makeDirectories(path: string, touched: Set<string>): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return;
    if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'make', path);
    await makeDirectories(dirname(path), touched);
    await mkdir(path).catch((again: unknown) => {
      if (!hasErrno(again, 'EEXIST')) throw ioError(again, 'make', path);
    });
  }
  touched.add(dirname(path));
}

/**
 * link(2): gives a whole, fsynced file its final name, and never replaces one. This is the one step by which
 * anything becomes visible, except for `timestamp.json`.
 *
 * @returns `linked`; `exists` where the name is taken (over NFS possibly by our own, unanswered call: compare
 *   the content); `source-gone` where `from` is no longer there (somebody else finished this work).
 */
export async function linkOnce(from: string, to: string): Promise<'linked' | 'exists' | 'source-gone'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return 'exists';
    if (hasErrno(error, 'ENOENT')) return 'source-gone';
    throw ioError(error, 'link', to);
  }
}

/**
 * Publishes a small file under a name that nobody has yet: temporary file, fsync, link, fsync of the directory.
 *
 * @param before what else has to be durable before the name appears; it is done beside the writing.
 * @param mayAppear asked last, when the temporary file lies there: where it says no, that is `other`.
 * @returns `written`; `same` where the name is taken by the same bytes; `other` where it is taken by others.
 */
export async function putOnce(
  path: string,
  bytes: Uint8Array,
  before: () => Promise<unknown> = () => Promise.resolve(),
  mayAppear: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<'written' | 'same' | 'other'> {
  const directory = dirname(path);
  const temporary = temporaryPath(path);
  const [written, prepared] = await Promise.allSettled([writeNew(temporary, bytes), before()]);
  if (written.status === 'rejected') throw written.reason;
  let removal: Promise<void> | undefined;
  const removeOwn = (): Promise<void> => (removal ??= unlink(temporary).catch(() => undefined));
  try {
    if (prepared.status === 'rejected') throw prepared.reason;
    if (!(await mayAppear())) return 'other';
    const outcome = await linkOnce(temporary, path);
    if (outcome === 'linked') {
      await Promise.all([fsyncDirectory(directory), removeOwn()]);
      return 'written';
    }
    const present = await readFile(path).catch((error: unknown) => {
      throw ioError(error, 'read', path);
    });
    // The entry may be somebody's who has not made it durable yet.
    await fsyncDirectory(directory);
    return Buffer.compare(present, bytes) === 0 ? 'same' : 'other';
  } finally {
    await removeOwn();
  }
}

/**
 * Replaces a file in one step: temporary file, fsync, rename, fsync of the directory. Only for files that are
 * not part of the published repository (marks of a running server, lists): those go through {@link putOnce}.
 */
export async function replaceFile(path: string, bytes: Bytes, mode = 0o666): Promise<void> {
  const temporary = temporaryPath(path);
  await writeNew(temporary, bytes, mode);
  try {
    await renameFile(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await fsyncDirectory(dirname(path));
}

/** rename(2) with a sentence. The caller makes the directories durable. */
export async function renameFile(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    throw ioError(error, 'rename', from);
  });
}

/** Removes a file that may be gone already. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'remove', path);
  });
}
