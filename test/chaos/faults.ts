import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WORKER_ROLES, type WorkerRole } from '../../src/config/index.js';
import { hasErrno } from '../../src/errors/index.js';
import type { WorkerProcess } from '../faults/deployment.js';
import { seeded } from '../faults/matrix.js';
import type { ChaosInstance } from './instance.js';

/** What goes wrong, chosen by a seed; each puts right again what can be put right. */
export class Faults {
  readonly #counts = new Map<string, number>();
  readonly #random: () => number;

  constructor(
    private readonly instance: ChaosInstance,
    seed: number,
  ) {
    this.#random = seeded(seed);
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get summary(): string {
    return [...this.#counts].map(([kind, count]) => `${kind} ${String(count)}`).join(', ');
  }

  async run(end: number): Promise<void> {
    const { instance } = this;
    const kinds: Record<string, () => Promise<void>> = {
      'worker killed': () => this.#killWorker(),
      'two workers killed': async () => {
        await this.#killWorker();
        await this.#killWorker();
      },
      'worker frozen': () => this.#freezeWorker(),
      'server killed': () => instance.server.killAndRestart(),
      'server frozen': () => this.#freezeServer(),
      'database lost': async () => {
        await instance.server.killAndRestart({ losesDatabase: true });
        await instance.server.applySchedule(instance.config);
      },
      'another worker': () => this.#doubleWorker(),
      ...Object.fromEntries(
        [...instance.disks].map(([name, disk]) => [`${name} disk full`, () => this.#fill(disk)]),
      ),
      ...(instance.proxy ? { 'connections cut': () => this.#cut() } : {}),
    };
    const names = Object.keys(kinds);
    // Those that are over at once come more often than those that hold everything up.
    const weighted = names.flatMap((name) => (name.includes('worker killed') ? [name, name, name] : [name]));
    while (Date.now() < end) {
      const name = weighted[Math.floor(this.#random() * weighted.length)] ?? 'worker killed';
      await kinds[name]?.();
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      // What waits shall be through before the next one, or the figures tell of the queue.
      await sleep(4000 + this.#random() * 12_000);
    }
  }

  #anyRole(): WorkerRole {
    return WORKER_ROLES[Math.floor(this.#random() * WORKER_ROLES.length)] ?? 'targets';
  }

  #anyWorker(): WorkerProcess {
    const role = this.#anyRole();
    const worker = this.instance.workers.get(role);
    if (!worker) throw new Error(`no ${role} worker`);
    return worker;
  }

  async #killWorker(): Promise<void> {
    const worker = this.#anyWorker();
    await worker.ready;
    await sleep(this.#random() * 1500);
    worker.signal('SIGKILL');
  }

  async #doubleWorker(): Promise<void> {
    const other = this.instance.startAnother(this.#anyRole());
    await other.ready;
    await sleep(2000 + this.#random() * 10_000);
    await other.stop();
  }

  /** Longer than its heartbeats are waited for, so that it wakes up late. */
  async #freezeWorker(): Promise<void> {
    const worker = this.#anyWorker();
    worker.signal('SIGSTOP');
    await sleep(2000 + this.#random() * 18_000);
    worker.signal('SIGCONT');
  }

  async #freezeServer(): Promise<void> {
    await this.instance.server.signal('SIGSTOP');
    await sleep(1000 + this.#random() * 5000);
    await this.instance.server.signal('SIGCONT');
  }

  async #fill(disk: string): Promise<void> {
    const path = join(disk, 'balloon');
    const handle = await open(path, 'w');
    try {
      for (const block of [Buffer.alloc(1 << 20), Buffer.alloc(4096)])
        for (;;) await writeOrEnd(() => handle.write(block));
    } catch (error) {
      if (!(error instanceof Full)) throw error;
    } finally {
      await handle.close();
    }
    await sleep(3000 + this.#random() * 7000);
    await rm(path);
  }

  async #cut(): Promise<void> {
    await this.instance.proxy?.setEnabled(false);
    await sleep(1000 + this.#random() * 9000);
    await this.instance.proxy?.setEnabled(true);
  }
}

class Full extends Error {}

async function writeOrEnd(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (hasErrno(error, 'ENOSPC')) throw new Full();
    throw error;
  }
}
