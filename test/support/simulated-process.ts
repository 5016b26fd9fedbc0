import { AsyncLocalStorage } from 'node:async_hooks';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/**
 * A process within this one, which can be stopped at any call that changes a file system. For the file system,
 * a process that never goes on is one that was killed; one that goes on later is a worker that was late.
 */
export interface StopAt {
  /** Number of the call, from 1. */
  readonly call: number;
  /** `half`: a write or a removal of a tree has done a part of its work. Where a call has no half, as `after`. */
  readonly when: 'before' | 'half' | 'after';
}

/** One call that changes something. */
export interface Call {
  readonly name: string;
  readonly path: string;
}

export interface Hooks {
  /** After each call that changes something, before the process goes on. */
  readonly afterCall?: (call: Call) => Promise<void>;
  /** For a model of what a power cut leaves: files and directories that were made or fsynced. */
  readonly onMade?: (path: string) => Promise<void>;
  readonly onSynced?: (path: string) => Promise<void>;
}

export type Outcome<T> =
  | { readonly state: 'done'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown }
  | { readonly state: 'stopped' };

const current = new AsyncLocalStorage<SimulatedProcess>();
const real = { ...promises };

export class SimulatedProcess {
  readonly calls: Call[] = [];
  #stopAt: StopAt | undefined;
  #hooks: Hooks;
  #isStopped = false;
  #inFlight = 0;
  #goOn: () => void = () => undefined;
  #gate: Promise<void> = Promise.resolve();
  #onQuiet: () => void = () => undefined;
  #result: Promise<Outcome<never>> | undefined;
  /** How to close what is open, whether or not the process goes on. */
  readonly #open = new Map<FileHandle, () => Promise<void>>();

  constructor(stopAt?: StopAt, hooks: Hooks = {}) {
    this.#stopAt = stopAt;
    this.#hooks = hooks;
  }

  /** Runs `work` until it ends or is stopped; when this returns, none of its calls is under way. */
  async run<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    const quiet = new Promise<Outcome<T>>((resolve) => {
      this.#onQuiet = () => {
        resolve({ state: 'stopped' });
      };
    });
    const result = current.run(this, work).then(
      (value): Outcome<T> => ({ state: 'done', value }),
      (error: unknown): Outcome<T> => ({ state: 'failed', error }),
    );
    this.#result = result as Promise<Outcome<never>>;
    return Promise.race([result, quiet]);
  }

  /** The late worker wakes up. @returns how its work ends. */
  async goOn(): Promise<Outcome<unknown>> {
    this.#stopAt = undefined;
    this.#isStopped = false;
    this.#goOn();
    return this.#result ?? { state: 'stopped' };
  }

  /** Closes what a stopped process left open in this one. */
  async abandon(): Promise<void> {
    for (const close of this.#open.values()) await close().catch(() => undefined);
  }

  async change<T>(call: Call, perform: () => Promise<T>, half?: () => Promise<void>): Promise<T> {
    await this.#gate;
    this.calls.push(call);
    const stop = this.calls.length === this.#stopAt?.call ? this.#stopAt.when : undefined;
    if (stop === 'before') await this.#stop();
    this.#inFlight++;
    try {
      if (stop === 'half' && half) {
        await half();
        this.#inFlight--;
        await this.#stop();
      }
      const result = await perform();
      // What looks on is no part of the process.
      await current.exit(async () => this.#hooks.afterCall?.(call));
      return result;
    } finally {
      this.#inFlight--;
      if (stop !== undefined && stop !== 'before') await this.#stop();
      else if (this.#isStopped) {
        this.#checkQuiet();
        await this.#gate;
      }
    }
  }

  made(path: string): Promise<void> {
    return this.#hooks.onMade?.(path) ?? Promise.resolve();
  }

  /** Opens are followed, to see writes and fsyncs, and to close them at the end. */
  follow(handle: FileHandle, path: string): FileHandle {
    const write = handle.write.bind(handle) as (...parameters: unknown[]) => Promise<never>;
    const sync = handle.sync.bind(handle);
    const datasync = handle.datasync.bind(handle);
    const close = handle.close.bind(handle);
    this.#open.set(handle, close);
    const synced = async (): Promise<void> => {
      await this.#gate;
      this.#inFlight++;
      try {
        await sync();
        await this.#hooks.onSynced?.(path);
      } finally {
        this.#inFlight--;
        if (this.#isStopped) {
          this.#checkQuiet();
          await this.#gate;
        }
      }
    };
    return Object.assign(handle, {
      write: (piece: Uint8Array, offset = 0, length = piece.byteLength - offset, position?: number | null) =>
        this.change(
          { name: 'write', path },
          () => write(piece, offset, length, position),
          () => write(piece, offset, Math.floor(length / 2), position),
        ),
      sync: synced,
      datasync: async () => {
        await datasync();
        await synced();
      },
      close: async () => {
        await this.#gate;
        this.#open.delete(handle);
        await close();
      },
    });
  }

  async #stop(): Promise<void> {
    this.#isStopped = true;
    this.#gate = new Promise((resolve) => (this.#goOn = resolve));
    this.#checkQuiet();
    await this.#gate;
  }

  #checkQuiet(): void {
    if (this.#isStopped && this.#inFlight === 0) setImmediate(this.#onQuiet);
  }
}

/** The path that a call changes is its last path. */
function follow(name: 'link' | 'mkdir' | 'rename' | 'rm' | 'rmdir' | 'unlink', position: 0 | 1): void {
  const original = real[name] as (...parameters: unknown[]) => Promise<unknown>;
  const followed = async (...parameters: unknown[]): Promise<unknown> => {
    const simulated = current.getStore();
    if (!simulated) return original(...parameters);
    const path = String(parameters[position]);
    const perform = async () => {
      const result = await original(...parameters);
      if (name === 'mkdir') await simulated.made(path);
      return result;
    };
    return simulated.change({ name, path }, perform, name === 'rm' ? () => removeHalf(path) : undefined);
  };
  Object.assign(promises, { [name]: followed });
}

async function removeHalf(path: string): Promise<void> {
  const entries = await real.readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  for (const file of files.slice(0, Math.ceil(files.length / 2))) {
    await real.unlink(join(file.parentPath, file.name));
  }
}

follow('link', 1);
follow('mkdir', 0);
follow('rename', 1);
follow('rm', 0);
follow('rmdir', 0);
follow('unlink', 0);
Object.assign(promises, {
  open: async (path: string, flags: string | number, mode?: number): Promise<FileHandle> => {
    const simulated = current.getStore();
    if (!simulated) return real.open(path, flags, mode);
    const perform = async () => simulated.follow(await real.open(path, flags, mode), path);
    if (flags !== 'wx') return perform();
    const made = async () => {
      const handle = await perform();
      await simulated.made(path);
      return handle;
    };
    return simulated.change({ name: 'create', path }, made);
  },
});
// What was imported by name before sees the functions above from here on.
syncBuiltinESMExports();

/** Runs something to its end and counts its calls that change something. */
export async function callsOf(work: () => Promise<unknown>, hooks: Hooks = {}): Promise<readonly Call[]> {
  const simulated = new SimulatedProcess(undefined, hooks);
  const outcome = await simulated.run(work);
  if (outcome.state === 'failed') throw outcome.error;
  return simulated.calls;
}
