import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { WORKER_ROLES, type Config, type WorkerRole } from '../../src/config/index.js';
import { releaseWorkflowId } from '../../src/workflows/messages.js';
import { buildPrograms, type Programs } from './bare/build.js';
import { callsOfRelease, nameOfCall, type RoleCall } from './calls.js';
import { startClients, lookWith, type FaultClient } from './clients/clients.js';
import { Server, untilSound, WorkerProcess } from './deployment.js';
import { complaintAbout, ERRNOS } from './errors.js';
import { seeded, type Matrix, type Plan, type Point } from './matrix.js';
import { audit, BEFORE, BOTH, RELEASE, Template, TIMESTAMP, type World } from './world.js';

interface RealPoint extends Point {
  readonly role: WorkerRole;
  readonly fault: string;
  readonly number: number;
  /** Where the file system is in trouble instead of the process: what Temporal has to show. */
  readonly errno?: keyof typeof ERRNOS;
}

const KILLS = 60;
const TROUBLES = 6;
/** Calls in a row that fail: a few attempts of the step. */
const LASTS = 4;
/** What no step goes on without. */
const NEEDED = new Set(['create', 'write', 'rename', 'link', 'mkdir']);

/** Kill matrix and errors once more, with real workers on a real server: samples by seed. */
export const realWorkers: Matrix = {
  name: 'real-workers',
  title:
    'real workers on the real server: kill -9 at a sample of the same points, and trouble that Temporal shows',
  atOnce: 6,
  async prepare({ seed, isFull, workshop }): Promise<Plan> {
    const programs = await buildPrograms(workshop);
    const clients = startClients();
    const template = await Template.make({ clients });
    const calls = await callsOfRelease(template, programs);
    const directory = join(workshop, 'server');
    await mkdir(directory, { recursive: true });
    const server = await Server.start(directory);
    const points = pointsOf(calls, template.world, seed, isFull ? 10 : 1);
    return {
      of: `${String(calls.length)} calls`,
      points,
      run: (point) => run(point as RealPoint, { template, programs, clients, server }),
      async close() {
        for (const client of clients) client.close();
        await server.stop();
        await template.remove();
      },
    };
  },
};

function pointsOf(calls: readonly RoleCall[], world: World, seed: number, times: number): RealPoint[] {
  const random = seeded(seed);
  const oneOf = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new Error('nothing to choose from');
    return value;
  };
  const kills = Array.from({ length: KILLS * times }, (_, number): RealPoint => {
    const call = oneOf(calls);
    const fault = oneOf([...['kill-before', 'kill-after'], ...(call.name === 'write' ? ['torn'] : [])]);
    const name = `${String(number + 1)}: ${fault} ${nameOfCall(call, world)}`;
    return { name, role: call.role, fault: `${fault}:${String(call.number)}`, number };
  });
  // Not in the start of a worker, where it says what is wrong and ends.
  const needed = WORKER_ROLES.flatMap((role) =>
    calls.filter((call) => call.role === role && NEEDED.has(call.name)).slice(-8),
  );
  const troubles = Array.from({ length: TROUBLES * times }, (_, index): RealPoint => {
    const call = oneOf(needed);
    const errno = oneOf(Object.keys(ERRNOS) as (keyof typeof ERRNOS)[]);
    const number = kills.length + index;
    const fault = `error:${String(call.number)}:${String(ERRNOS[errno])}:${String(LASTS)}`;
    return {
      name: `${String(number + 1)}: ${errno} from ${nameOfCall(call, world)}`,
      ...{ role: call.role, fault, number, errno },
    };
  });
  return [...kills, ...troubles];
}

interface Stage {
  readonly template: Template;
  readonly programs: Programs;
  readonly clients: readonly FaultClient[];
  readonly server: Server;
}

async function run(
  { role, fault, number, errno }: RealPoint,
  { template, programs, clients, server }: Stage,
): Promise<readonly string[]> {
  const world = await template.copy({ name: `'real-${String(number)}'`, scan_period: '1s' });
  const { config } = world;
  const { address } = server;
  const others = WORKER_ROLES.filter((other) => other !== role);
  const hurt = new WorkerProcess([role], config, {
    address,
    fault: { programs, roots: world.roots, what: fault },
  });
  const rest = new WorkerProcess(others, config, { address });
  const shown = new Map<string, string>();
  try {
    await server.applySchedule(config);
    const look = async (): Promise<readonly string[]> => {
      if (errno !== undefined) await notePendingFailures(server, config, shown);
      // The last calls come after the release is through, when the monitor scans once more.
      else if (hurt.deaths === 0) return ['the worker was not killed'];
      return audit(config, BOTH);
    };
    const found = [...(await untilSound(look))];
    if (found.length > 0) found.push(...hurt.complaints.slice(-3), ...rest.complaints.slice(-3));
    if (errno !== undefined) found.push(...complaintsAbout(shown, errno));
    const { repositoryPath } = config;
    found.push(...(await lookWith(clients, repositoryPath, world.clients, [{ ...BEFORE, ...RELEASE }])));
    return found;
  } finally {
    await server.withClient((client) => client.schedule.getHandle(`${config.name}-scan`).delete());
    await Promise.all([hurt.stop(), rest.stop()]);
    await world.remove();
  }
}

/** What the Temporal UI shows of a step that is going to be tried again: type by message. */
async function notePendingFailures(
  server: Server,
  config: Config,
  shown: Map<string, string>,
): Promise<void> {
  await server.withClient(async (client) => {
    const handle = client.workflow.getHandle(releaseWorkflowId(config.name, TIMESTAMP));
    const description = await handle.describe().catch(() => undefined);
    for (const { lastFailure } of description?.raw.pendingActivities ?? []) {
      if (lastFailure?.message) {
        shown.set(lastFailure.message, lastFailure.applicationFailureInfo?.type ?? '');
      }
    }
  });
}

function complaintsAbout(shown: ReadonlyMap<string, string>, errno: string): string[] {
  const named = [...shown.keys()].filter((message) => message.includes(`(${errno})`));
  const missing = named.length === 0 ? [`Temporal shows no failure with ${errno}`] : [];
  const complaints = [...shown].map(([message, type]) => complaintAbout({ type, message }, errno));
  return [...missing, ...complaints.filter((complaint) => complaint !== undefined)];
}
