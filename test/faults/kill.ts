import type { WorkerRole } from '../../src/config/index.js';
import { buildPrograms, type Programs } from './bare/build.js';
import { ChildExecutor } from './bare/executors.js';
import { releaseAll } from './bare/release.js';
import { callsOfRelease, nameOfCall } from './calls.js';
import { lookWith, startClients, type FaultClient } from './clients/clients.js';
import { everyNth, type Matrix, type MatrixOptions, type Plan, type Point } from './matrix.js';
import { audit, freshConductor, Template, type Shape } from './world.js';

interface KillPoint extends Point {
  readonly role: WorkerRole;
  readonly fault: string;
}

/** kill -9 of a worker process at every call, and with every write torn in half. */
export const kill = killOf(
  'flat',
  'kill',
  'kill -9 before and after every file-system call, and in the middle of every write',
);
export const killInBins = killOf(
  'bins',
  'kill-bins',
  'kill -9 with hash bins and two releases at once, after calls and in the middle of writes',
);

function killOf(shape: Shape, name: string, title: string): Matrix {
  return { name, title, varies: shape !== 'flat', prepare: (options) => prepare(shape, options) };
}

async function prepare(shape: Shape, options: MatrixOptions): Promise<Plan> {
  const programs = await buildPrograms(options.workshop);
  const clients = startClients();
  const template = await Template.make({ shape, clients });
  const calls = await callsOfRelease(template, programs);
  const points = calls.flatMap((call): KillPoint[] => {
    const name = nameOfCall(call, template.world);
    const number = String(call.number);
    const at = (when: string, fault: string): KillPoint => ({
      name: `kill ${when} ${name}`,
      role: call.role,
      fault: `${fault}:${number}`,
    });
    const after = at('after', 'kill-after');
    // To the disk, before a call is the same as after the one before it.
    const both = shape === 'flat' ? [at('before', 'kill-before'), after] : [after];
    return call.name === 'write' ? [...both, at('in', 'torn')] : both;
  });
  return {
    of: `${String(calls.length)} calls`,
    points: shape === 'flat' ? points : everyNth(points, 5, options),
    run: (point) => run(point as KillPoint, template, programs, clients),
    async close() {
      for (const client of clients) client.close();
      await template.remove();
    },
  };
}

async function run(
  { role, fault }: KillPoint,
  template: Template,
  programs: Programs,
  clients: readonly FaultClient[],
): Promise<string[]> {
  const world = await template.copy();
  const { clients: seenBy, states, lastState, expected, atOnce } = world;
  const { repositoryPath } = world.config;
  const found: string[] = [];
  const child = new ChildExecutor(role, world.config, { programs, roots: world.roots, fault });
  const fresh = freshConductor(world.config);
  const deaths: WorkerRole[] = [];
  const conductor = {
    ...fresh,
    executor: (other: WorkerRole) => (other === role && deaths.length === 0 ? child : fresh.executor(other)),
    onDeath: async (dead: WorkerRole) => {
      // Two steps may have been under way.
      if (deaths.push(dead) > 1) return;
      found.push(...(await lookWith(clients, repositoryPath, seenBy, states)));
    },
  };
  await releaseAll(conductor, atOnce);
  await child.end();
  // Two releases at once do not make exactly the same calls each time, and the last ones may not come.
  if (deaths.length === 0 && atOnce === 1) found.push('the process was not killed');
  found.push(...(await audit(world.config, expected)));
  found.push(...(await lookWith(clients, repositoryPath, seenBy, [lastState])));
  await world.remove();
  return found;
}
