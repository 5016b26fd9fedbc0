import fs, { constants } from 'node:fs';
import promises from 'node:fs/promises';
import { directly } from './directly.js';
import { isCalledDirectly } from './local.js';
import { DirectFile, type FileAccess } from './open-file.js';

/** Bytes that take longer to free than a trip. */
const MUCH = 1024 * 1024;

/**
 * The calls of `node:fs/promises` that a release makes a hundred times, with the same parameters, results and errors. In there each
 * of them is a trip to another thread and back, which takes ten times as long as the call; below the directories that
 * `callDirectlyBelow` was told, on a file system of this machine, they are made where they are asked for.
 *
 * Trips always: fsync, large reads and writes, the removal of what is large, lists of directories that may be long, and
 * all that lies on another machine. Files are opened without waiting: nobody who writes to one of these directories can hold
 * this process up with a pipe or a lease.
 */
export const access = either('access');
export const link = either('link');
export const lstat = either('lstat');
export const mkdir = either('mkdir');
/** For directories of a few entries. */
export const readdir = either('readdir');
export const rename = either('rename');
export const rmdir = either('rmdir');
export const stat = either('stat');

type Name = 'access' | 'link' | 'lstat' | 'mkdir' | 'readdir' | 'rename' | 'rmdir' | 'stat';

function either<N extends Name>(name: N): (typeof promises)[N] {
  const synchronous = fs[`${name}Sync`] as (...parameters: unknown[]) => unknown;
  const call = async (path: string | Buffer, ...others: readonly unknown[]): Promise<unknown> => {
    if (typeof path === 'string' && isCalledDirectly(path))
      return directly(() => synchronous(path, ...others));
    return (promises[name] as (...parameters: unknown[]) => Promise<unknown>)(path, ...others);
  };
  // The overloads of the two differ in nothing but the promise.
  return call as (typeof promises)[N];
}

/** Opens a file. Never waits for somebody at the other end of a pipe where it is made directly. */
export async function open(path: string, flags: string | number = 'r', mode?: number): Promise<FileAccess> {
  if (!isCalledDirectly(path)) return promises.open(path, flags, mode);
  return directly(() => new DirectFile(fs.openSync(path, withoutWaiting(flags), mode)));
}

function withoutWaiting(flags: string | number): string | number {
  if (flags === 'r') return constants.O_RDONLY | constants.O_NONBLOCK;
  return typeof flags === 'number' ? flags | constants.O_NONBLOCK : flags;
}

/** Removes a name. It takes its time to free what is large, and is a trip then. */
export async function unlink(path: string): Promise<void> {
  if (!isCalledDirectly(path) || freesMuch(path)) return promises.unlink(path);
  return directly(() => {
    fs.unlinkSync(path);
  });
}

function freesMuch(path: string): boolean {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.nlink === 1 && stats.size > MUCH;
}
