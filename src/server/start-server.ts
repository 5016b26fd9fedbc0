import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { TuflineError, usage } from '../errors/index.js';
import { freePort, isFree } from './ports.js';
import { SETTINGS, settingsAsArguments, type ServerSettings } from './settings.js';

export interface StartOptions {
  /** Path of the `temporal` program. */
  readonly program: string;
  /** SQLite file that keeps everything between runs. */
  readonly databaseFile: string;
  readonly logFile: string;
  /** Ports that must be used; free ones are chosen otherwise. */
  readonly port?: number;
  readonly uiPort?: number;
  /** `Name=Type`. */
  readonly searchAttributes: readonly string[];
  /** Others than ours: for measurements. */
  readonly settings?: ServerSettings;
}

/** A Temporal server that serves. */
export interface RunningServer {
  readonly address: string;
  readonly ui: string;
  /** The process that has to end before its database can be opened again. */
  readonly pid: number | undefined;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

const PORT = 7233;
const UI_PORT = 8233;
const START_AT_MOST = 60_000;

/**
 * Starts a Temporal development server in a process group of its own, so that a Ctrl-C in the terminal does not
 * reach it before the workers have drained. It ends when this process ends, however that ends.
 *
 * @throws usage `port-taken`; transient `server-failed` with the end of its log.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  for (const port of [options.port, options.uiPort]) {
    if (port !== undefined && !(await isFree(port))) {
      throw usage(
        'port-taken',
        `Port ${String(port)} is in use.`,
        'Choose another, or leave it out and a free one is taken.',
      );
    }
  }
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort(PORT));
    const uiPort = options.uiPort ?? (await freePort(UI_PORT));
    const server = launch(options, port, uiPort);
    try {
      await untilServing(server);
      return server;
    } catch (error) {
      await server.stop();
      // Between looking and listening somebody else may have taken the port; a server that ends may hold its file.
      if (attempt >= 3 || !(await isPassingTrouble(options.logFile))) throw error;
    }
  }
}

type LaunchedServer = RunningServer & { readonly logFile: string; readonly hasEnded: () => boolean };

function launch(options: StartOptions, port: number, uiPort: number): LaunchedServer {
  const module = fileURLToPath(new URL('./guard.js', import.meta.url));
  const guard = import.meta.url.endsWith('.ts') ? module.replace(/\.js$/, '.ts') : module;
  const child = spawn(
    process.execPath,
    [...process.execArgv, guard, options.logFile, options.program, ...serverArguments(options, port, uiPort)],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { ...(options.settings ?? SETTINGS).environment, ...process.env },
    },
  );
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const finish = (): void => {
      hasEnded = true;
      resolve();
    };
    child.once('exit', finish).once('error', finish);
  });
  child.stdin.on('error', () => undefined);
  return {
    address: `127.0.0.1:${String(port)}`,
    ui: `http://127.0.0.1:${String(uiPort)}`,
    pid: child.pid,
    logFile: options.logFile,
    ended,
    hasEnded: () => hasEnded,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function serverArguments(
  { databaseFile, searchAttributes, settings = SETTINGS }: StartOptions,
  port: number,
  uiPort: number,
): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', databaseFile, '--log-level', 'warn'],
    ...settingsAsArguments(settings),
    ...searchAttributes.flatMap((attribute) => ['--search-attribute', attribute]),
  ];
}

async function untilServing(server: LaunchedServer): Promise<void> {
  const deadline = Date.now() + START_AT_MOST;
  while (!server.hasEnded() && Date.now() < deadline) {
    try {
      const connection = await Connection.connect({ address: server.address, connectTimeout: '1 second' });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return;
      } finally {
        await connection.close();
      }
    } catch {
      await sleep(100);
    }
  }
  throw new TuflineError({
    code: 'server-failed',
    kind: 'transient',
    message: `The Temporal server ${server.hasEnded() ? 'ended' : 'did not serve within a minute'}: ${await endOf(server.logFile)}`,
    remedy: `See ${server.logFile}.`,
    path: server.logFile,
  });
}

async function isPassingTrouble(logFile: string): Promise<boolean> {
  return /address already in use|port already|cannot bind|can't set frontend port|database is locked/i.test(
    await endOf(logFile),
  );
}

async function endOf(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' / ').slice(-600) || 'it said nothing';
}
