import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { loadConfig, WORKER_ROLES, type Config, type WorkerRole } from '../../src/config/index.js';
import { initInstance } from '../../src/instance/index.js';
import { openRepository, type Repository } from '../../src/repository/index.js';
import {
  findTemporal,
  freePort,
  SETTINGS,
  startServer,
  type ServerSettings,
} from '../../src/server/index.js';
import { applySchedule, searchAttributeArguments, triggerSchedule } from '../../src/temporal/index.js';
import { releaseWorkflowId } from '../../src/workflows/messages.js';
import { runWorkers } from '../../src/workers/index.js';
import type { Lifetime } from './lifetime.js';
import type { Files } from './repository.js';
import { until } from './until.js';

export interface TestServer {
  readonly address: string;
  readonly client: Client;
}

/** An embedded Temporal server of its own, with an empty database. `changes` go before our dynamic configuration. */
export async function startTestServer(
  lifetime: Lifetime,
  directory: string,
  changes: ServerSettings['dynamicConfig'] = {},
): Promise<TestServer> {
  await mkdir(directory, { recursive: true });
  const server = await startServer({
    program: await findTemporal({ environment: process.env, log: console.error }),
    databaseFile: join(directory, 'temporal.db'),
    logFile: join(directory, 'server.log'),
    port: await freePort(),
    uiPort: await freePort(),
    searchAttributes: searchAttributeArguments(),
    settings: { ...SETTINGS, dynamicConfig: { ...SETTINGS.dynamicConfig, ...changes } },
  });
  lifetime.after(() => server.stop());
  const connection = await Connection.connect({ address: server.address });
  lifetime.after(() => connection.close());
  return { address: server.address, client: new Client({ connection }) };
}

/** An instance whose workers run in this process, as far as they were started. */
export class TestInstance {
  readonly repository: Repository;
  readonly #running = new Map<WorkerRole, { stop: AbortController; ended: Promise<void> }>();

  constructor(
    readonly config: Config,
    readonly server: TestServer,
    private readonly lifetime: Lifetime,
  ) {
    this.repository = openRepository(config);
    lifetime.after(() => this.stopWorkers(...WORKER_ROLES));
  }

  /** The same instance on another server: what is left where a Temporal database was lost. */
  onServer(server: TestServer): TestInstance {
    return new TestInstance(this.config, server, this.lifetime);
  }

  async startWorkers(...roles: readonly WorkerRole[]): Promise<void> {
    await Promise.all(
      roles.map(async (role) => {
        const stop = new AbortController();
        let ready: (() => void) | undefined;
        const isReady = new Promise<void>((resolve) => (ready = resolve));
        const ended = runWorkers(this.config, [role], {
          environment: { TEMPORAL_ADDRESS: this.server.address },
          signal: stop.signal,
          log: console.error,
          ...(ready ? { onReady: ready } : {}),
        });
        this.#running.set(role, { stop, ended });
        await Promise.race([isReady, ended]);
      }),
    );
  }

  async stopWorkers(...roles: readonly WorkerRole[]): Promise<void> {
    const stopped = roles.map((role) => {
      const worker = this.#running.get(role);
      this.#running.delete(role);
      worker?.stop.abort();
      return worker?.ended ?? Promise.resolve();
    });
    await Promise.all(stopped);
  }

  /** Puts files into a ready directory as a pipeline does, and has them looked for. */
  async handOver(
    timestamp: string,
    files: Files,
    prepare?: (directory: string) => Promise<void>,
  ): Promise<void> {
    const temporary = join(this.config.postToTufPath, `tuf_tmp_${timestamp}`);
    await mkdir(temporary);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(temporary, path)), { recursive: true });
      await writeFile(join(temporary, path), content);
    }
    await prepare?.(temporary);
    await rename(temporary, join(this.config.postToTufPath, `tuf_ready_${timestamp}`));
  }

  async applySchedule(): Promise<void> {
    await applySchedule(this.server.client, this.config);
  }

  async scanNow(): Promise<void> {
    await triggerSchedule(this.server.client, this.config);
  }

  release(timestamp: string) {
    return this.server.client.workflow.getHandle(releaseWorkflowId(this.config.name, timestamp));
  }

  /** Waits until a release exists in Temporal and has a step of this name pending. */
  async untilPending(timestamp: string, step: string, attempt = 1): Promise<string | undefined> {
    const pending = await until(`${timestamp} to be in ${step}`, async () => {
      try {
        const { raw } = await this.release(timestamp).describe();
        return raw.pendingActivities?.find(
          (activity) => activity.activityId === step && (activity.attempt ?? 1) >= attempt,
        );
      } catch {
        return undefined;
      }
    });
    return pending.lastFailure?.message ?? undefined;
  }

  /** Waits until a release has ended in Temporal. @returns its status. */
  async untilEnded(timestamp: string): Promise<string> {
    return until(`${timestamp} to end`, async () => {
      try {
        const { status } = await this.release(timestamp).describe();
        return status.name === 'RUNNING' ? undefined : status.name;
      } catch {
        return undefined;
      }
    });
  }
}

/** A fresh instance with its schedule, and no worker yet. `changes` are lines of `tufline.yaml` to replace. */
export async function makeInstance(
  lifetime: Lifetime,
  server: TestServer,
  directory: string,
  name: string,
  changes: readonly (readonly [from: string, to: string])[] = [],
): Promise<TestInstance> {
  const { config } = await initInstance(directory, { name });
  const lines = [['scan_period: 5s', 'scan_period: 1s'] as const, ...changes];
  const text = await readFile(config.file, 'utf8');
  await writeFile(
    config.file,
    lines.reduce((before, [from, to]) => before.replace(from, to), text),
  );
  return new TestInstance(await loadConfig(config.file), server, lifetime);
}
