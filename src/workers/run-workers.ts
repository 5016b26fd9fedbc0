import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Config, WorkerRole } from '../config/index.js';
import { mustFindTemporal, unreachable, type Environment, type TemporalTarget } from '../temporal/index.js';
import { taskQueue } from '../workflows/messages.js';
import { callDirectlyWithin } from './direct-calls.js';
import { activitiesFor } from './role-activities.js';
import { installRuntime } from './runtime.js';
import { compressionTo, workerOptions } from './worker-options.js';
import { loadWorkflowBundle } from './workflow-bundle.js';

export interface RunOptions {
  readonly environment: Environment;
  /** Ends the workers: what runs is given time to finish. */
  readonly signal: AbortSignal;
  /** Called once all workers ask for work. */
  readonly onReady?: () => void;
  /** Lines for a person: what is being waited for. */
  readonly log: (line: string) => void;
}

const RECONNECT_EVERY = 1000;

/**
 * Runs the workers of these roles until the signal comes: each asks its own task queue only, and holds its own
 * key only. A server that is not there yet is waited for.
 */
export async function runWorkers(
  config: Config,
  roles: readonly WorkerRole[],
  options: RunOptions,
): Promise<void> {
  // Not waited for: a file server that is away does not answer.
  void callDirectlyWithin(config);
  // Keys and file systems first: what is wrong there is said at once, whether or not there is a server.
  const activities = new Map<WorkerRole, object>();
  for (const role of roles) activities.set(role, await activitiesFor(role, config, options.environment));
  const target = await mustFindTemporal(config, options.environment);
  // Not before: a runtime that nothing has used keeps the process alive.
  installRuntime();
  const connection = await connectPatiently(target, options);
  if (!connection) return;
  try {
    const workers: Worker[] = [];
    for (const role of roles)
      workers.push(await createWorker(config, role, target, connection, activities.get(role) ?? {}));
    const running = Promise.all(workers.map((worker) => worker.run()));
    const stop = (): void => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    options.signal.addEventListener('abort', stop, { once: true });
    if (options.signal.aborted) stop();
    options.onReady?.();
    await running;
  } finally {
    await connection.close();
  }
}

async function createWorker(
  config: Config,
  role: WorkerRole,
  target: TemporalTarget,
  connection: NativeConnection,
  activities: object,
): Promise<Worker> {
  return Worker.create({
    ...workerOptions(role, config),
    connection,
    namespace: target.namespace,
    taskQueue: taskQueue(config.name, role),
    activities,
    identity: `${role}@${config.name}#${String(process.pid)}`,
    ...(role === 'monitor' ? { workflowBundle: await loadWorkflowBundle() } : {}),
  });
}

/** @returns undefined where the signal came first. */
async function connectPatiently(
  target: TemporalTarget,
  { signal, log }: RunOptions,
): Promise<NativeConnection | undefined> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await NativeConnection.connect({ ...compressionTo(target.address), ...target.options });
    } catch (error) {
      if (attempt === 1) log(`${unreachable(target, error).message} Waiting for it.`);
      await sleep(RECONNECT_EVERY);
    }
  }
  return undefined;
}
