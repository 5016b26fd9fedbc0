import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { Config, WorkerRole } from '../../src/config/index.js';
import { findTemporal, freePort, startServer, type RunningServer } from '../../src/server/index.js';
import { isFree } from '../../src/server/ports.js';
import { applySchedule, searchAttributeArguments } from '../../src/temporal/index.js';
import { until } from '../support/until.js';
import type { Programs } from './bare/build.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The embedded Temporal server as something that can be killed, frozen, and lose its database. */
export class Server {
  #running: RunningServer | undefined;

  private constructor(
    private readonly directory: string,
    readonly port: number,
  ) {}

  static async start(directory: string): Promise<Server> {
    const server = new Server(directory, await freePort());
    await server.start();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  async start(): Promise<void> {
    this.#running = await startServer({
      program: await findTemporal({ environment: process.env, log: console.error }),
      databaseFile: join(this.directory, 'temporal.db'),
      logFile: join(this.directory, 'server.log'),
      port: this.port,
      uiPort: await freePort(),
      searchAttributes: searchAttributeArguments(),
    });
  }

  /** To the server itself, not to the process that watches over it. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const guard = String(this.#running?.pid);
    const children = await readFile(`/proc/${guard}/task/${guard}/children`, 'utf8').catch(() => '');
    for (const pid of children.split(' ').filter((text) => text !== '')) process.kill(Number(pid), name);
  }

  /** kill -9, and the same port again. */
  async killAndRestart({ losesDatabase = false } = {}): Promise<void> {
    await this.signal('SIGKILL');
    await this.#running?.ended;
    await until('the port to be free', () => isFree(this.port));
    if (losesDatabase) {
      for (const end of ['', '-wal', '-shm'])
        await rm(join(this.directory, `temporal.db${end}`), { force: true });
    }
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  /** Uses a client of its own, as connections do not survive everything that is done to the server. */
  async withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const connection = await Connection.connect({ address: this.address });
    try {
      return await use(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  async applySchedule(config: Config): Promise<void> {
    await this.withClient((client) => applySchedule(client, config));
  }
}

/** Milliseconds: several releases go on at once on few processors. */
const PATIENCE = 150_000;

export interface WorkerOptions {
  readonly address: string;
  /** Shim and fault, for the first process only. */
  readonly fault?: { readonly programs: Programs; readonly roots: readonly string[]; readonly what: string };
}

/** A `tufline worker` process with a supervisor, which starts it again when it ends. */
export class WorkerProcess {
  #child: ChildProcess;
  #isStopping = false;
  #deaths = 0;
  #ready: Promise<void>;
  readonly complaints: string[] = [];

  constructor(
    private readonly roles: readonly WorkerRole[],
    private readonly config: Config,
    private readonly options: WorkerOptions,
  ) {
    [this.#child, this.#ready] = this.#launch(options.fault);
  }

  get deaths(): number {
    return this.#deaths;
  }

  get ready(): Promise<void> {
    return this.#ready;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits until the process was frozen by its fault. */
  async untilFrozen(): Promise<void> {
    await until(
      `${this.roles.join()} to be frozen`,
      async () => {
        if (this.#deaths > 0) throw new Error(`it ended before: ${this.complaints.join(' / ')}`);
        const text = await readFile(`/proc/${String(this.#child.pid)}/stat`, 'utf8').catch(() => '');
        return / T /.test(text.slice(text.lastIndexOf(')')));
      },
      PATIENCE,
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #launch(fault?: WorkerOptions['fault']): [ChildProcess, Promise<void>] {
    const child = spawn(process.execPath, [PROGRAM, 'worker', ...this.roles, '--config', this.config.file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: this.options.address,
        ...(fault === undefined
          ? {}
          : {
              LD_PRELOAD: fault.programs.shim,
              UV_THREADPOOL_SIZE: '1',
              UV_USE_IO_URING: '0',
              TUFLINE_SHIM_ROOTS: fault.roots.join(':'),
              TUFLINE_SHIM_FAULT: fault.what,
            }),
      },
    });
    const ready = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('ready')) resolve();
      });
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (this.complaints.push(line) > 2000) this.complaints.shift();
    });
    child.once('exit', () => {
      this.#deaths++;
      if (this.#isStopping) return;
      setTimeout(() => {
        if (!this.#isStopping) [this.#child, this.#ready] = this.#launch();
      }, 300);
    });
    return [child, ready];
  }
}

/** Asks again until nothing is complained about. @returns what is still wrong when patience is at its end. */
export async function untilSound(
  look: () => Promise<readonly string[]>,
  patience = PATIENCE,
): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await until(
    'all to be well',
    async () => {
      found = await look().catch((error: unknown) => [String(error)]);
      return found.length === 0;
    },
    patience,
  ).catch(() => undefined);
  return found;
}
