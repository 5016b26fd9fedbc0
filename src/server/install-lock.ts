import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno } from '../errors/index.js';
import { putOnce, removeFile } from '../files/index.js';

const LOOK_EVERY = 500;

/** Runs `work` in one process at a time; the others wait, and say so. The lock of a process that died is void. */
export async function withInstallLock<T>(
  directory: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(directory, 'install.lock');
  for (
    let isFirst = true;
    (await putOnce(path, Buffer.from(String(process.pid)))) === 'other';
    isFirst = false
  ) {
    const owner = Number(await readFile(path, 'utf8').catch(() => '0'));
    if (!isAlive(owner)) {
      await removeFile(path);
      continue;
    }
    if (isFirst)
      log(`Process ${String(owner)} is installing the Temporal development server; waiting for it …`);
    await sleep(LOOK_EVERY);
  }
  try {
    return await work();
  } finally {
    await removeFile(path);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrno(error, 'EPERM');
  }
}
