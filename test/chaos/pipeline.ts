import { randomFillSync } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config/index.js';
import { newTimestamp, postRelease } from '../../src/handover/index.js';
import { seeded } from '../faults/matrix.js';

/** A release that was handed over. */
export interface Posted {
  readonly timestamp: string;
  readonly pipeline: number;
  readonly sequence: number;
  readonly files: Readonly<Record<string, Buffer>>;
  /** It has to be refused. */
  readonly isBad: boolean;
  /** Milliseconds since 1970, when it became ready. */
  readonly readyAt: number;
}

const BAD_SHARE = 0.08;
const NAMES = 12;

/** Posts releases one after the other, in a part of the name space of its own. */
export class Pipeline {
  readonly posted: Posted[] = [];
  readonly #random: () => number;

  constructor(
    readonly number: number,
    private readonly config: Config,
    seed: number,
  ) {
    this.#random = seeded(seed * 31 + number);
  }

  /** Two files that every release of this pipeline carries, with its sequence number: they are seen together or not. */
  get pair(): readonly [string, string] {
    return [`p${String(this.number)}/sequence`, `p${String(this.number)}/deep/companion`];
  }

  async run(end: number): Promise<void> {
    for (let sequence = 1; Date.now() < end; sequence++) {
      await this.#post(sequence);
      await sleep(1000 + this.#random() * 5000);
    }
  }

  async #post(sequence: number): Promise<void> {
    const random = this.#random;
    const isBad = random() < BAD_SHARE;
    const files: Record<string, Buffer> = {};
    for (const path of this.pair) files[path] = Buffer.from(String(sequence));
    for (let count = Math.floor(random() * 4); count > 0; count--) {
      const path = `p${String(this.number)}/vendor/package-${String(Math.floor(random() * NAMES))}.zip`;
      files[path] = randomFillSync(Buffer.alloc(Math.floor(random() ** 3 * 2_000_000)));
    }
    const from = join(this.config.directory, `pipeline-${String(this.number)}`);
    const list = [];
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(from, path)), { recursive: true });
      await writeFile(join(from, path), bytes);
      list.push({ from: join(from, path), as: path });
    }
    const timestamp = newTimestamp();
    const { postToTufPath } = this.config;
    if (isBad) await this.#postBad(timestamp, from);
    else await postRelease({ postToTufPath, files: list, timestamp });
    this.posted.push({ timestamp, pipeline: this.number, sequence, files, isBad, readyAt: Date.now() });
    await rm(from, { recursive: true });
  }

  /** By hand, as the command would refuse it. */
  async #postBad(timestamp: string, from: string): Promise<void> {
    const temporary = join(this.config.postToTufPath, `tuf_tmp_${timestamp}`);
    await rename(from, temporary);
    await mkdir(from);
    const kind = Math.floor(this.#random() * 3);
    if (kind === 0) await symlink('/etc/hostname', join(temporary, 'link'));
    else if (kind === 1) await writeFile(join(temporary, 'back\\slash'), 'x');
    else
      await writeFile(join(temporary, 'SHA256SUMS'), `${'0'.repeat(64)}  p${String(this.number)}/sequence\n`);
    await rename(temporary, join(this.config.postToTufPath, `tuf_ready_${timestamp}`));
  }
}
