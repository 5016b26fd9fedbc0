import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm, statfs } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import type { Machine } from './raw-data.js';

const SMALL = Buffer.alloc(4096, 'tufline ');
const SMALL_FILES = 200;
const MEGABYTE = 1024 * 1024;
const COPIED = 256 * MEGABYTE;
const COPIES = 3;

/** What this machine is and how fast its disk is, in some seconds. @param directory where the bench works. */
export async function describeMachine(directory: string): Promise<Machine> {
  const [load = 0] = loadavg();
  const [cpu] = cpus();
  const own = await mkdtemp(join(directory, 'machine-'));
  try {
    return {
      cores: cpus().length,
      cpu: cpu?.model.trim() ?? '?',
      memoryBytes: totalmem(),
      system: `${type()} ${release()}`,
      node: process.version,
      fileSystem: await fileSystemOf(own),
      smallFile: await writeSmallFiles(own),
      copy: await copyLargeFile(own),
      load,
    };
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function writeSmallFiles(directory: string): Promise<number[]> {
  const times: number[] = [];
  for (let number = 0; number < SMALL_FILES; number++) {
    const begun = performance.now();
    const file = await open(join(directory, String(number)), 'wx');
    await file.writeFile(SMALL);
    await file.sync();
    await file.close();
    await sync(directory);
    times.push(performance.now() - begun);
  }
  return times;
}

async function copyLargeFile(directory: string): Promise<number[]> {
  const from = join(directory, 'large');
  const to = join(directory, 'copy');
  const file = await open(from, 'wx');
  const block = Buffer.alloc(MEGABYTE, SMALL);
  for (let written = 0; written < COPIED; written += MEGABYTE) await file.write(block);
  // What is not on disk yet would be written during the copy.
  await file.sync();
  await file.close();
  const speeds: number[] = [];
  for (let number = 0; number < COPIES; number++) {
    await rm(to, { force: true });
    const begun = performance.now();
    await promisify(execFile)('cp', [from, to]);
    await sync(to);
    speeds.push(COPIED / ((performance.now() - begun) / 1000));
  }
  return speeds;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Name of the file system where Linux tells it, otherwise the number that the system has for it. */
async function fileSystemOf(directory: string): Promise<string> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const path = `${resolve(directory)}${sep}`;
  let found: { readonly at: string; readonly name: string } | undefined;
  for (const line of mounts.split('\n')) {
    const [, at, name] = line.split(' ');
    if (at === undefined || name === undefined) continue;
    // Of two on the same place, the later one lies on top.
    if (path.startsWith(at.endsWith(sep) ? at : `${at}${sep}`) && at.length >= (found?.at.length ?? 0))
      found = { at, name };
  }
  return found?.name ?? `type ${(await statfs(directory)).type.toString(16)}`;
}
