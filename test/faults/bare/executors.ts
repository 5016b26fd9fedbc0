import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { ApplicationFailure } from '@temporalio/common';
import type { Config, WorkerRole } from '../../../src/config/index.js';
import { TuflineError } from '../../../src/errors/index.js';
import { activitiesFor } from '../../../src/workers/role-activities.js';
import type { Programs } from './build.js';
import { runBare, type Activities } from './context.js';
import type { Answer, Failure, Request } from './messages.js';

/** Runs the steps of one role somewhere. @throws StepFailed, WorkerDied */
export interface Executor {
  run(name: string, input: unknown): Promise<unknown>;
}

/** A step failed as it would in Temporal. */
export class StepFailed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** The process of the worker ended in the middle of a step, or before its first. */
export class WorkerDied extends Error {}

/** A worker that has just started, in this process: nothing is kept from one before it but what lies on disk. */
export class FreshExecutor implements Executor {
  #activities: Promise<Activities> | undefined;

  constructor(
    private readonly role: WorkerRole,
    private readonly config: Config,
  ) {}

  async run(name: string, input: unknown): Promise<unknown> {
    try {
      this.#activities ??= activitiesFor(this.role, this.config, {}) as Promise<Activities>;
      return await runBare(await this.#activities, name, input);
    } catch (error) {
      if (error instanceof ApplicationFailure) {
        throw new StepFailed({
          type: error.type ?? '',
          message: error.message,
          isPermanent: error.nonRetryable === true,
        });
      }
      if (error instanceof TuflineError) {
        this.#activities = undefined;
        throw new StepFailed({
          type: error.code,
          message: error.sentence,
          isPermanent: error.kind !== 'transient',
        });
      }
      throw error;
    }
  }
}

export interface ChildOptions {
  readonly programs: Programs;
  /** Directories whose calls are counted. */
  readonly roots: readonly string[];
  readonly fault?: string;
  readonly log?: string;
}

/** A worker process with the shim in it. */
export class ChildExecutor implements Executor {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #waiting = new Map<number, (outcome: Answer | 'died') => void>();
  #requests = 0;
  #complaint = '';
  #isDead = false;
  #hasRefused = false;

  constructor(role: WorkerRole, config: Config, { programs, roots, fault, log }: ChildOptions) {
    this.#child = spawn(process.execPath, [programs.worker, role, config.file], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        LD_PRELOAD: programs.shim,
        // One thread, and no calls that go past the library: the numbers are the same in every run.
        UV_THREADPOOL_SIZE: '1',
        UV_USE_IO_URING: '0',
        TUFLINE_SHIM_ROOTS: roots.join(':'),
        ...(fault === undefined ? {} : { TUFLINE_SHIM_FAULT: fault }),
        ...(log === undefined ? {} : { TUFLINE_SHIM_LOG: log }),
      },
    });
    const { stdout, stderr, stdin } = this.#child;
    if (!stdout || !stderr || !stdin) throw new Error('no pipes');
    stdin.on('error', () => undefined);
    stderr.on('data', (chunk: Buffer) => (this.#complaint += chunk.toString()));
    const first = new Promise<Answer | 'died'>((resolve) => this.#waiting.set(0, resolve));
    this.#ready = first.then((answer) => this.#begin(answer));
    this.#ready.catch(() => undefined);
    void this.#read(createInterface({ input: stdout }));
  }

  async run(name: string, input: unknown): Promise<unknown> {
    // One that could not start says why once, and is gone then.
    if (this.#hasRefused) return this.#died();
    await this.#ready;
    if (this.#isDead) return this.#died();
    const id = ++this.#requests;
    const answered = new Promise<Answer | 'died'>((resolve) => this.#waiting.set(id, resolve));
    const request: Request = { id, name, input };
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await answered;
    if (answer === 'died') return this.#died();
    if (answer.state === 'failed') throw new StepFailed(answer.failure);
    return answer.state === 'done' ? answer.result : undefined;
  }

  /** Ends the process as nothing else would. */
  async end(): Promise<void> {
    await this.#endBy(() => this.#child.kill('SIGKILL'));
  }

  /** Lets the process come to its end by itself. */
  async finish(): Promise<void> {
    await this.#endBy(() => this.#child.stdin?.end());
  }

  async #endBy(end: () => void): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    end();
    await ended;
  }

  async #begin(answer: Answer | 'died'): Promise<void> {
    if (answer === 'died') return this.#died();
    if (answer.state !== 'refused') return;
    this.#hasRefused = true;
    await this.end();
    throw new StepFailed(answer.failure);
  }

  async #read(lines: Interface): Promise<void> {
    for await (const line of lines) {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get('id' in answer ? answer.id : 0)?.(answer);
    }
    this.#isDead = true;
    for (const resolve of this.#waiting.values()) resolve('died');
  }

  #died(): never {
    if (this.#complaint !== '') throw new Error(`the worker wrote to stderr: ${this.#complaint}`);
    throw new WorkerDied();
  }
}
