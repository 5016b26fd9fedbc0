import { join } from 'node:path';
import { WORKER_ROLES, type Config } from '../config/index.js';
import { usage } from '../errors/index.js';
import { announceServer, leaveInstance, serverDirectory, takeInstance } from '../instance/index.js';
import { findTemporal, startServer, type RunningServer } from '../server/index.js';
import {
  applySchedule,
  connectClient,
  namesServer,
  registerSearchAttributes,
  searchAttributeArguments,
  type Environment,
} from '../temporal/index.js';
import { startWorkerChild, type WorkerChild } from './worker-child.js';

export interface DevOptions {
  readonly environment: Environment;
  readonly port?: number;
  readonly uiPort?: number;
  /** Comes when everything shall end. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly onReady: (where: { readonly address: string; readonly ui: string | undefined }) => void;
}

/**
 * Everything an instance needs, in one go: the embedded server (unless the environment names one), the schedule,
 * and one worker process a role. Returns when the signal came and everything has drained.
 *
 * @throws usage `instance-in-use` where a `dev` or `server` runs on it; what the server and the workers say.
 */
export async function runDev(config: Config, options: DevOptions): Promise<void> {
  await withServer(config, 'dev', options, async (ended) => {
    const { address, ui } = await prepareNamespace(config, options);
    const workers = WORKER_ROLES.map((role) => startWorkerChild(config, role, options));
    try {
      await Promise.all(workers.map(({ ready }) => ready));
      options.onReady({ address, ui });
      await Promise.race([whenAborted(options.signal), ended]);
      if (options.signal.aborted) options.log('Stopping: the workers finish what they do …');
      else options.log('The Temporal server has ended.');
    } finally {
      await stopAll(workers);
    }
    if (!options.signal.aborted) throw serverGone(config);
  });
}

/** Only the embedded server. Returns when the signal came. */
export async function runServer(config: Config, options: DevOptions): Promise<void> {
  if (namesServer(config, options.environment)) {
    throw usage(
      'temporal-address-set',
      'TEMPORAL_ADDRESS names a server, so none is started.',
      'Unset it to start one here.',
    );
  }
  await withServer(config, 'server', options, async (ended) => {
    const { address, ui } = await prepareNamespace(config, options);
    options.onReady({ address, ui });
    await Promise.race([whenAborted(options.signal), ended]);
    if (!options.signal.aborted) throw serverGone(config);
  });
}

async function withServer(
  config: Config,
  kind: 'dev' | 'server',
  options: DevOptions,
  use: (ended: Promise<void>) => Promise<void>,
): Promise<void> {
  const other = await takeInstance(config.directory, kind);
  if (other) {
    throw usage(
      'instance-in-use',
      `A "tufline ${other.kind}" runs on this instance already (process ${String(other.pid)}${other.ui === undefined ? '' : `, UI ${other.ui}`}).`,
      'Use that one, or stop it first.',
    );
  }
  let server: RunningServer | undefined;
  try {
    if (!namesServer(config, options.environment)) server = await startEmbedded(config, kind, options);
    if (!options.signal.aborted) await use(server?.ended ?? new Promise(() => undefined));
  } finally {
    await server?.stop();
    await leaveInstance(config.directory);
  }
}

async function startEmbedded(
  config: Config,
  kind: 'dev' | 'server',
  options: DevOptions,
): Promise<RunningServer> {
  const { environment, log, port, uiPort } = options;
  const program = await findTemporal({ environment, log });
  const server = await startServer({
    program,
    databaseFile: join(config.directory, 'temporal.db'),
    logFile: join(serverDirectory(config.directory), 'server.log'),
    searchAttributes: searchAttributeArguments(),
    ...(port === undefined ? {} : { port }),
    ...(uiPort === undefined ? {} : { uiPort }),
  });
  await announceServer(config.directory, kind, server);
  return server;
}

async function prepareNamespace(config: Config, { environment, log }: DevOptions) {
  const { client, target, close } = await connectClient(config, environment);
  try {
    const missing = await registerSearchAttributes(client);
    if (missing.length > 0)
      log(`These search attributes could not be registered: ${missing.join(', ')}. An administrator has to.`);
    await applySchedule(client, config);
    return { address: target.address, ui: target.ui };
  } finally {
    await close();
  }
}

async function stopAll(workers: readonly WorkerChild[]): Promise<void> {
  for (const { ready } of workers) ready.catch(() => undefined);
  await Promise.all(workers.map((worker) => worker.stop()));
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

function serverGone(config: Config) {
  return usage(
    'server-ended',
    'The embedded Temporal server ended by itself.',
    `See ${join(serverDirectory(config.directory), 'server.log')}, then run this again: nothing is lost.`,
  );
}
