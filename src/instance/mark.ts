import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { hasErrno, ioError } from '../errors/index.js';
import { makeDirectory, putOnce, readIfPresent, removeFile, replaceFile } from '../files/index.js';

const markSchema = z.object({
  /** Of the process that owns the mark. */
  pid: z.int().positive(),
  /** When that process began: a number alone may be given to another process. */
  started: z.string(),
  kind: z.enum(['dev', 'server']),
  /** Of the Temporal server, once it serves: `127.0.0.1:7233`. */
  address: z.string().optional(),
  /** URL of the Temporal UI. */
  ui: z.string().optional(),
  /** The server's own process: where its parent was killed, it takes a moment to end and to let go of its files. */
  server: z.object({ pid: z.int().positive(), started: z.string() }).optional(),
});

/** `.tufline/server.json`: says that a `dev` or `server` runs on an instance, and where its server listens. */
export type ServerMark = z.infer<typeof markSchema>;

/** Where the embedded server keeps its things inside an instance. */
export function serverDirectory(instance: string): string {
  return join(instance, '.tufline');
}

function markPath(instance: string): string {
  return join(serverDirectory(instance), 'server.json');
}

/** The mark of a `dev` or `server` that runs; the mark of one that was killed does not count. */
export async function readServerMark(instance: string): Promise<ServerMark | undefined> {
  const bytes = await readIfPresent(markPath(instance));
  const mark = bytes && parse(bytes);
  return mark && (await startOf(mark.pid)) === mark.started ? mark : undefined;
}

/**
 * Takes an instance for this process.
 * @returns undefined where that succeeded, otherwise the mark of the process that has it.
 */
export async function takeInstance(
  instance: string,
  kind: ServerMark['kind'],
): Promise<ServerMark | undefined> {
  await makeDirectory(serverDirectory(instance));
  const mark: ServerMark = { pid: process.pid, started: (await startOf(process.pid)) ?? '', kind };
  for (;;) {
    const outcome = await putOnce(markPath(instance), Buffer.from(JSON.stringify(mark)));
    if (outcome !== 'other') return undefined;
    const other = await readServerMark(instance);
    if (other && other.pid !== process.pid) return other;
    await untilServerEnded(instance);
    await removeFile(markPath(instance));
  }
}

/** Tells the other commands where the server of this process listens. */
export async function announceServer(
  instance: string,
  kind: ServerMark['kind'],
  server: { address: string; ui: string; pid: number | undefined },
): Promise<void> {
  const { address, ui, pid } = server;
  const started = pid === undefined ? undefined : await startOf(pid);
  const mark: ServerMark = {
    pid: process.pid,
    started: (await startOf(process.pid)) ?? '',
    kind,
    address,
    ui,
    ...(pid === undefined || started === undefined ? {} : { server: { pid, started } }),
  };
  await replaceFile(markPath(instance), Buffer.from(JSON.stringify(mark)));
}

/** Gives the instance back. */
export async function leaveInstance(instance: string): Promise<void> {
  const mark = await readServerMark(instance);
  if (mark?.pid === process.pid) await removeFile(markPath(instance));
}

/** After a kill -9 the server is ended by its guard; its database is free only then. */
async function untilServerEnded(instance: string): Promise<void> {
  const bytes = await readIfPresent(markPath(instance));
  const server = (bytes && parse(bytes))?.server;
  while (server && (await startOf(server.pid)) === server.started) await sleep(100);
}

function parse(bytes: Buffer): ServerMark | undefined {
  try {
    return markSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    // Cut short by a power loss: nobody is behind it.
    return undefined;
  }
}

/** When a process began, or undefined where there is none; the same text for as long as it runs. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The name in parentheses may hold anything; start time is the 20th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ESRCH')) throw ioError(error, 'read', `/proc/${String(pid)}/stat`);
    if (process.platform === 'linux') return undefined;
  }
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: { LC_ALL: 'C' },
    });
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
