import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** A process of an instance: a worker by its role, or the Temporal server. */
export interface InstanceProcess {
  readonly role: string;
  readonly pid: number;
  /** Bytes resident now, and the most there ever were. */
  readonly residentBytes: number;
  readonly peakBytes: number;
  /** Seconds of a core, user and system, since it started. */
  readonly cpuSeconds: number;
}

/** Of USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Looks in /proc for the processes that belong to an instance (Linux). */
export async function processesOf(instance: string): Promise<InstanceProcess[]> {
  const found: InstanceProcess[] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await read(`/proc/${pid}/cmdline`);
    if (!line.includes(instance)) continue;
    const role = /\0worker\0(\w+)\0/.exec(line)?.[1] ?? (/\0start-dev\0/.test(line) ? 'server' : undefined);
    if (role === undefined) continue;
    const status = await read(`/proc/${pid}/status`);
    const stat = (await read(`/proc/${pid}/stat`)).split(') ')[1]?.split(' ') ?? [];
    found.push({
      role,
      pid: Number(pid),
      ...memoryIn(status),
      cpuSeconds: (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) / TICKS,
    });
  }
  return found;
}

/** Bytes resident of this process now, and the most since its high-water mark was last lowered (Linux). */
export function processMemory(): { residentBytes: number; peakBytes: number } {
  return memoryIn(readFileSync('/proc/self/status', 'utf8'));
}

function memoryIn(status: string): { residentBytes: number; peakBytes: number } {
  const kilobytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  return { residentBytes: kilobytes('VmRSS'), peakBytes: kilobytes('VmHWM') };
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
