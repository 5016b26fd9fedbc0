import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { WORKER_ROLES, type Config } from '../../src/config/index.js';
import { retryFailed } from '../../src/handover/index.js';
import { releaseWorkflowId, taskQueue, WORKFLOW } from '../../src/workflows/messages.js';
import { until } from '../support/until.js';
import { buildPrograms, type Programs } from './bare/build.js';
import { callsOfRelease, type RoleCall } from './calls.js';
import { Server, untilSound, WorkerProcess } from './deployment.js';
import { seeded, type Matrix, type Plan, type Point } from './matrix.js';
import { audit, BOTH, Template, TIMESTAMP, type World } from './world.js';

const STEPS = ['claim', 'move', 'targets', 'snapshot', 'timestamp', 'cleanup'] as const;
const WHAT = ['server killed', 'database lost', 'terminated', 'cancelled'] as const;

interface LossPoint extends Point {
  readonly number: number;
  readonly what: (typeof WHAT)[number] | 'reset' | 'run again';
  /** Before which call a worker is frozen when it happens. */
  readonly call?: RoleCall;
}

/** Whatever becomes of Temporal while a release is in the middle of any of its steps. */
export const temporalLoss: Matrix = {
  name: 'temporal-loss',
  title:
    'server killed, database lost, release terminated and cancelled in every step; reset to every task; run again',
  atOnce: 5,
  async prepare({ seed, workshop }): Promise<Plan> {
    const programs = await buildPrograms(workshop);
    const template = await Template.make();
    const calls = await callsOfRelease(template, programs);
    const random = seeded(seed);
    const points: LossPoint[] = [];
    for (const what of WHAT) {
      for (const step of STEPS) {
        // Not in the start of the worker, which the first step of a role includes.
        const ofStep = calls.filter((call) => call.step === step).slice(-40);
        const call = ofStep[Math.floor(random() * ofStep.length)];
        if (!call) throw new Error(`no call in ${step}`);
        const name = `${what} in ${step}, before call ${String(call.number)}`;
        points.push({ name, number: points.length, what, call });
      }
    }
    points.push({ name: 'reset to every workflow task', number: points.length, what: 'reset' });
    points.push({ name: 'run again', number: points.length, what: 'run again' });
    return {
      of: `${String(STEPS.length)} steps`,
      points,
      run: async (point) => run(point as LossPoint, template, programs, join(workshop, 'servers')),
      close: () => template.remove(),
    };
  },
};

async function run(
  point: LossPoint,
  template: Template,
  programs: Programs,
  servers: string,
): Promise<readonly string[]> {
  const { what, call, number } = point;
  const directory = join(servers, String(number));
  await mkdir(directory, { recursive: true });
  const world = await template.copy({ name: `'loss-${String(number)}'`, scan_period: '1s' });
  const { config } = world;
  const server = await Server.start(directory);
  const { address } = server;
  const others = WORKER_ROLES.filter((role) => role !== call?.role);
  const rest = new WorkerProcess(others, config, { address });
  const workers = [rest];
  try {
    if (call) {
      const fault = { programs, roots: world.roots, what: `stop:${String(call.number)}` };
      const frozen = new WorkerProcess([call.role], config, { address, fault });
      workers.push(frozen);
      await server.applySchedule(config);
      await frozen.untilFrozen();
      await happen(what, server, config);
      // Another worker of the role comes up, and the frozen one wakes up late.
      workers.push(new WorkerProcess([call.role], config, { address }));
      frozen.signal('SIGCONT');
    } else {
      await server.applySchedule(config);
      const found = await untilSound(() => audit(config, BOTH));
      if (found.length > 0) return found;
      await server.withClient((client) =>
        what === 'reset' ? resetToAll(client, config) : runAgain(client, config),
      );
    }
    if (what === 'cancelled') await retryIfFailed(world);
    const expected = { ...BOTH, mayHaveAborted: what === 'cancelled' };
    const found = [...(await untilSound(() => audit(config, expected)))];
    if (found.length > 0) for (const worker of workers) found.push(...worker.complaints.slice(-3));
    return found;
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await server.stop();
    await world.remove();
  }
}

async function happen(what: LossPoint['what'], server: Server, config: Config): Promise<void> {
  const id = releaseWorkflowId(config.name, TIMESTAMP);
  switch (what) {
    case 'server killed':
      return server.killAndRestart();
    case 'database lost':
      await server.killAndRestart({ losesDatabase: true });
      return server.applySchedule(config);
    case 'terminated':
      await server.withClient((client) => client.workflow.getHandle(id).terminate('by a test'));
      return;
    case 'cancelled':
      await server.withClient(async (client) => client.workflow.getHandle(id).cancel());
      return;
    default:
  }
}

/** A cancelled release is given back, or published where it was too late; given back, it is released after all. */
async function retryIfFailed({ config: { postToTufPath } }: World): Promise<void> {
  const names = await until('the cancelled release to end', async () => {
    const left = await readdir(postToTufPath);
    return left.every((name) => name.startsWith('tuf_failed_')) ? left : undefined;
  });
  if (names.length > 0) await retryFailed({ postToTufPath, timestamp: TIMESTAMP, force: false });
}

async function resetToAll(client: Client, config: Config): Promise<void> {
  const workflowId = releaseWorkflowId(config.name, TIMESTAMP);
  await client.workflow.getHandle(workflowId).result();
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const tasks = (events ?? [])
    .filter((event) => event.workflowTaskCompletedEventAttributes)
    .map(({ eventId }) => eventId);
  const first = await client.workflow.getHandle(workflowId).describe();
  for (const eventId of tasks) {
    if (!eventId) continue;
    const { runId } = await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId: first.runId },
      workflowTaskFinishEventId: eventId,
      requestId: randomUUID(),
      reason: 'by a test',
    });
    await client.workflow.getHandle(workflowId, runId).result();
  }
  if (tasks.length < 6) throw new Error(`only ${String(tasks.length)} workflow tasks`);
}

async function runAgain(client: Client, config: Config): Promise<void> {
  const { name, scanPeriod, maxConcurrentReleases } = config;
  await client.workflow.getHandle(releaseWorkflowId(name, TIMESTAMP)).result();
  for (let time = 0; time < 2; time++) {
    const result = (await client.workflow.execute(WORKFLOW.release, {
      workflowId: releaseWorkflowId(name, TIMESTAMP),
      taskQueue: taskQueue(name, 'monitor'),
      args: [{ name, scanPeriod, maxConcurrentReleases, timestamp: TIMESTAMP }],
    })) as { state: string };
    if (result.state !== 'nothing to do') throw new Error(`run again, it says ${result.state}`);
  }
}
