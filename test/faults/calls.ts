import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WORKER_ROLES, type WorkerRole } from '../../src/config/index.js';
import type { Programs } from './bare/build.js';
import { ChildExecutor } from './bare/executors.js';
import { releaseAll } from './bare/release.js';
import { freshConductor, type Template, type World } from './world.js';

/** One call as the shim wrote it down. */
export interface LoggedCall {
  readonly number: number;
  readonly name: string;
  /** What it gave; an error number where it is negative. */
  readonly result: number;
  readonly fd: number;
  readonly path: string;
  readonly second: string;
  /** Of a write: position in the file. Of an open: its flags. */
  readonly offset: number;
  /** Of a write: where its bytes begin in the data file. */
  readonly data: number;
}

export async function readCalls(log: string): Promise<LoggedCall[]> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [number, name = '', result, fd, path = '', second = '', offset, data] = line.split('\t');
      return {
        ...{ number: Number(number), name, result: Number(result), fd: Number(fd), path, second },
        ...{ offset: Number(offset), data: Number(data) },
      };
    });
}

/** Runs a release to its end with one role in a process of its own. @returns what that process called. */
export async function callsOfRole(
  template: Template,
  role: WorkerRole,
  programs: Programs,
): Promise<RoleCall[]> {
  const world = await template.copy();
  const log = join(world.directory, '..', `${role}.log`);
  const ends: { readonly step: string; readonly calls: number }[] = [];
  const child = new ChildExecutor(role, world.config, { programs, roots: world.roots, log });
  const fresh = freshConductor(world.config);
  try {
    await releaseAll(
      {
        ...fresh,
        executor: (other) => (other === role ? child : fresh.executor(other)),
        onDone: async (other, step) => {
          if (other === role) ends.push({ step, calls: (await readCalls(log)).length });
        },
      },
      world.atOnce,
    );
    const stepOf = (number: number): string => ends.find(({ calls }) => number <= calls)?.step ?? '';
    return (await readCalls(log)).map((call) => ({ ...call, role, step: stepOf(call.number) }));
  } finally {
    await child.finish();
    await rm(log, { force: true });
    await rm(`${log}.data`, { force: true });
    await world.remove();
  }
}

export interface RoleCall extends LoggedCall {
  readonly role: WorkerRole;
  /** The activity that it belongs to; the first one of a role has the calls of the start too. */
  readonly step: string;
}

/** Every call of every worker process of a release. */
export async function callsOfRelease(template: Template, programs: Programs): Promise<RoleCall[]> {
  const all: RoleCall[] = [];
  for (const role of WORKER_ROLES) {
    all.push(...(await callsOfRole(template, role, programs)));
  }
  return all;
}

/** `targets 31 rename commits/3.json`: where in a release a call is, without what differs between copies. */
export function nameOfCall(call: RoleCall, world: World): string {
  const last = call.second === '' ? call.path : call.second;
  const short = world.roots
    .reduce((path, root) => path.replace(root, ''), last)
    .replace(/\/copy-\d+/, '')
    .replaceAll(/[0-9a-f]{12,}|[0-9a-f-]{36}/g, '*')
    .split('/')
    .slice(-3)
    .join('/');
  return `${call.role} ${String(call.number)} ${call.name} ${short}`;
}
