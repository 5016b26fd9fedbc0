import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config, WorkerRole } from '../config/index.js';
import { TuflineError } from '../errors/index.js';
import { LEAN_ENVIRONMENT, nodeFlags } from './lean.js';

/** The worker of one role as a process of its own, which is started again where it dies. */
export interface WorkerChild {
  /** Resolves when it asks for work; rejects where it could not begin at all. */
  readonly ready: Promise<void>;
  /** Lets it finish what it does. */
  readonly stop: () => Promise<void>;
}

/** What a worker process tells its parent. */
export type WorkerMessage = 'ready';

export interface WorkerChildOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

const KILL_AFTER = 40_000;
const LONGEST_PAUSE = 30_000;
/** Wrong usage or configuration: starting it again cannot help. */
const WRONG_USAGE = 2;

/**
 * Starts the worker of a role in a process group of its own: signals of the terminal reach `dev` only, which lets
 * the workers drain in order. The channel between the two closes when `dev` is killed, and the worker ends then.
 */
export function startWorkerChild(
  config: Config,
  role: WorkerRole,
  { environment, log }: WorkerChildOptions,
): WorkerChild {
  let child: ChildProcess | undefined;
  let isStopping = false;
  let wasReady = false;
  let pause = 1000;
  let wake: (() => void) | undefined;
  let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const ready = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));

  const launch = (): void => {
    const started = spawnWorker(config, role, environment);
    child = started;
    started.on('message', () => {
      wasReady = true;
      pause = 1000;
      settle?.resolve();
    });
    started.once('exit', (code, signal) => {
      child = undefined;
      wake?.();
      if (isStopping) return;
      if (!wasReady && code === WRONG_USAGE) {
        settle?.reject(couldNotBegin(role));
        return;
      }
      log(`The ${role} worker ended (${signal ?? `exit code ${String(code)}`}); starting it again.`);
      setTimeout(() => {
        if (!isStopping) launch();
      }, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    });
  };
  launch();

  return {
    ready,
    stop: async () => {
      isStopping = true;
      if (!child) return;
      const ended = new Promise<void>((resolve) => (wake = resolve));
      const { pid } = child;
      child.kill('SIGTERM');
      const timer = setTimeout(() => {
        log(`The ${role} worker (process ${String(pid)}) does not end; killing it.`);
        child?.kill('SIGKILL');
      }, KILL_AFTER);
      await ended;
      clearTimeout(timer);
    },
  };
}

function spawnWorker(
  config: Config,
  role: WorkerRole,
  environment: WorkerChildOptions['environment'],
): ChildProcess {
  const module = fileURLToPath(new URL('../cli/main.js', import.meta.url));
  const program = import.meta.url.endsWith('.ts') ? module.replace(/\.js$/, '.ts') : module;
  const flags = [...process.execArgv, ...nodeFlags(role)];
  return spawn(process.execPath, [...flags, program, 'worker', role, '--config', config.file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...LEAN_ENVIRONMENT, ...environment },
    detached: true,
  });
}

function couldNotBegin(role: WorkerRole): TuflineError {
  return new TuflineError({
    code: 'worker-refused',
    kind: 'usage',
    message: `The ${role} worker could not begin.`,
    remedy: 'It has said why above.',
  });
}
