import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WORKER_ROLES } from '../../src/config/index.js';
import { claimSchema } from '../../src/handover/index.js';
import { CLAIM_FILE } from '../../src/handover/names.js';
import { buildPrograms, type Programs } from './bare/build.js';
import { ChildExecutor } from './bare/executors.js';
import { releaseAll } from './bare/release.js';
import { readCalls } from './calls.js';
import { lookWith, startClients, type FaultClient } from './clients/clients.js';
import { DiskModel, type Change, type DiskState } from './disk-model.js';
import { everyNth, seeded, type Matrix, type MatrixOptions, type Plan, type Point } from './matrix.js';
import { auditAtLast, Template, type Shape, type World } from './world.js';

/** States that are looked at for one point: all where they are few, or so many of them. */
const STATES_AT_MOST = 8;
const STATES_AFTER_KILL = 5;
const MANY_STATES = 400;
/** Besides the release that was not killed: one that was at each record, and so many at random. */
const KILLED_AT_RANDOM = 3;
/** Runs with a kill differ from the first in a part only: all points after the kill, and a share of the others. */
const AFTER_KILL = 20;
const KILLED_EVERY = 14;

interface LossPoint extends Point {
  /** Which recorded run. */
  readonly trace: number;
  /** Changes of it that were made. */
  readonly changes: number;
}

interface Trace {
  readonly name: string;
  readonly changes: readonly Change[];
  /** Changes before the kill. */
  readonly killedAt?: number;
}

/** The power goes at every change that a release makes. */
export const powerLoss = powerLossOf(
  'flat',
  'power-loss',
  'power lost after every change, in every state that what was fsynced allows',
);
export const powerLossInBins = powerLossOf(
  'bins',
  'power-loss-bins',
  'power lost after changes of two releases at once with hash bins',
);

function powerLossOf(shape: Shape, name: string, title: string): Matrix {
  return { name, title, varies: shape !== 'flat', prepare: (options) => prepare(shape, options) };
}

async function prepare(shape: Shape, options: MatrixOptions): Promise<Plan> {
  const { seed, isFull, workshop } = options;
  const programs = await buildPrograms(workshop);
  const clients = startClients();
  const template = await Template.make({ shape, allInMemory: true, clients });
  const traces = await record(template, programs, shape === 'flat' ? seed : undefined);
  const base = await DiskModel.read(template.world);
  const points = traces.flatMap(({ name, changes, killedAt }, trace) =>
    changes.flatMap((change, index): LossPoint[] => {
      const isNear = killedAt !== undefined && index >= killedAt && index < killedAt + AFTER_KILL;
      if (trace > 0 && !isFull && !isNear && index % KILLED_EVERY !== trace % KILLED_EVERY) return [];
      const what = `${change.name} ${change.shown}`;
      const at = `power lost after ${String(index + 1)} ${what} of ${name}`;
      return [{ name: at, trace, changes: index + 1 }];
    }),
  );
  const statesAtMost = (trace: number): number =>
    isFull ? MANY_STATES : trace > 0 || shape === 'bins' ? STATES_AFTER_KILL : STATES_AT_MOST;
  const seen = new Set<string>();
  let states = 0;
  return {
    of: `${String(traces.length)} runs`,
    points: shape === 'flat' ? points : everyNth(points, 3, options),
    async run(point): Promise<string[]> {
      const { trace, changes, name } = point as LossPoint;
      const model = base.after((traces[trace]?.changes ?? []).slice(0, changes));
      const random = seeded(
        createHash('sha256')
          .update(`${String(seed)} ${name}`)
          .digest()
          .readUInt32BE(),
      );
      const found: string[] = [];
      for (const state of model.states(statesAtMost(trace), random)) {
        // Many points leave the same bytes.
        if (seen.has(state.digest)) continue;
        seen.add(state.digest);
        states++;
        const complaints = await recover(template, clients, state);
        found.push(...complaints.map((complaint) => `${state.description}: ${complaint}`));
      }
      return found;
    },
    async close() {
      console.log(`  ${String(states)} different states of the disk`);
      for (const client of clients) client.close();
      await template.remove();
    },
  };
}

/** The machine comes up again: clients look, the workers start, the release ends. */
async function recover(
  template: Template,
  clients: readonly FaultClient[],
  state: DiskState,
): Promise<string[]> {
  const world = await template.empty();
  await state.layOut(world);
  await renumber(world);
  const seenBy = world.clients;
  const { repositoryPath } = world.config;
  const found = await lookWith(clients, repositoryPath, seenBy, world.states);
  await world.releaseAll();
  found.push(...(await lookWith(clients, repositoryPath, seenBy, [world.lastState])));
  found.push(...(await auditAtLast(world)));
  await world.remove();
  return found;
}

/** A claim knows the files of its directory by inode and time, which a crash keeps and a new layout does not. */
async function renumber({ config: { postToTufPath } }: World): Promise<void> {
  for (const directory of await readdir(postToTufPath)) {
    const path = join(postToTufPath, directory, CLAIM_FILE);
    const text = await readFile(path, 'utf8').catch(() => '');
    if (!text.endsWith('\n')) continue;
    const claim = claimSchema.parse(JSON.parse(text));
    const now = async <T extends { path: string; size: number }>(file: T): Promise<T> => {
      const found = await stat(join(postToTufPath, directory, file.path), { bigint: true }).catch(
        () => undefined,
      );
      return found ? { ...file, inode: found.ino.toString(), mtime_ns: found.mtimeNs.toString() } : file;
    };
    const sums = claim.sums && { sums: await now(claim.sums) };
    const files = await Promise.all(claim.files.map(now));
    await writeFile(path, `${JSON.stringify({ ...claim, files, ...sums })}\n`);
  }
}

/**
 * What whole releases change, each worker in a process of its own; in some of them one is killed on the way.
 * @param seed of those; undefined: none is killed.
 */
async function record(template: Template, programs: Programs, seed: number | undefined): Promise<Trace[]> {
  const undisturbed = await recordOne(template, programs);
  if (seed === undefined) return [{ name: 'undisturbed releases', changes: undisturbed }];
  const random = seeded(seed);
  const traces: Trace[] = [{ name: 'an undisturbed release', changes: undisturbed }];
  const records = undisturbed.filter(
    ({ name, second }) => name === 'link' && /\/(commits|snapshot|timestamp)\/\d+\.json$/.test(second),
  );
  const others = WORKER_ROLES.slice(0, KILLED_AT_RANDOM).flatMap((role) => {
    const calls = undisturbed.filter((change) => change.role === role);
    return calls[Math.floor(random() * calls.length)] ?? [];
  });
  for (const { role, number, shown } of [...records, ...others]) {
    const changes = await recordOne(template, programs, { role, fault: `kill-after:${String(number)}` });
    const killedAt = changes.findIndex((change) => change.role === role && change.number === number) + 1;
    traces.push({
      name: `a release whose ${role} worker was killed after ${String(number)} ${shown}`,
      changes,
      killedAt,
    });
  }
  return traces;
}

async function recordOne(
  template: Template,
  programs: Programs,
  killed?: { readonly role: string; readonly fault: string },
): Promise<Change[]> {
  const world = await template.copy();
  const log = join(world.directory, '..', `trace-${String(process.pid)}.log`);
  const start = (role: (typeof WORKER_ROLES)[number], fault?: string): ChildExecutor =>
    new ChildExecutor(role, world.config, {
      ...{ programs, roots: world.roots, log },
      ...(fault === undefined ? {} : { fault }),
    });
  const children = new Map<string, ChildExecutor>();
  let isKilled = false;
  const roles: { readonly until: number; readonly role: string }[] = [];
  const note = async (role: string): Promise<void> => {
    roles.push({ until: (await readCalls(log)).length, role });
  };
  try {
    // Each starts when it is needed, so that at any time only one process makes calls.
    await releaseAll(
      {
        executor: (role) => {
          const running = children.get(role);
          if (running) return running;
          const started = start(role, role === killed?.role && !isKilled ? killed.fault : undefined);
          children.set(role, started);
          return started;
        },
        onDone: (role) => note(role),
        onDeath: async (role) => {
          isKilled = true;
          children.delete(role);
          await note(role);
        },
      },
      world.atOnce,
    );
    const data = await readFile(`${log}.data`);
    const calls = await readCalls(log);
    const roleOf = (index: number): string => roles.find(({ until }) => index < until)?.role ?? '';
    return DiskModel.changesOf(
      calls.map((call, index) => ({ ...call, role: roleOf(index) })),
      data,
      world,
    );
  } finally {
    for (const child of children.values()) await child.end();
    await rm(log, { force: true });
    await rm(`${log}.data`, { force: true });
    await world.remove();
  }
}
