import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasErrno, ioError, TuflineError } from '../../errors/index.js';
import { fsyncDirectory, putOnce, readIfPresent, sweepTemporary } from '../../files/index.js';
import type { BaseRecord } from './records.js';

const RECORD_FILE = /^([1-9]\d*)\.json$/;
const READ_AT_ONCE = 32;
/** Milliseconds; the directory holds every record that there ever was. */
const SWEEP_EVERY = 600_000;

/**
 * The records of one kind: files `1.json`, `2.json`, … without a gap, each written once and never changed.
 * Whoever links a number first has decided. What was read is kept, as it can never become wrong.
 */
export class RecordLog<T extends BaseRecord> {
  #latest: T | undefined;
  /** Numbers up to this one were given to `observe`. */
  #observed = 0;
  /** At first at once: the process before this one may have been killed. */
  #sweepNextAt = 0;
  #observers: ((record: T) => void)[] = [];

  constructor(
    readonly directory: string,
    private readonly parse: (value: unknown) => T,
  ) {}

  /** The newest record, or undefined where there is none. */
  async latest(): Promise<T | undefined> {
    let latest = this.#latest;
    if (latest === undefined) {
      const newest = await this.#newestNumber();
      if (newest > 0) latest = await this.#mustRead(newest);
    }
    for (;;) {
      const next = await this.read((latest?.number ?? 0) + 1);
      if (next === undefined) return this.#keep(latest);
      latest = next;
    }
  }

  /** Several calls may run at once: what is kept never falls back to an older record. */
  #keep(record: T | undefined): T | undefined {
    if (record && record.number > (this.#latest?.number ?? 0)) this.#latest = record;
    return this.#latest;
  }

  /** One record, or undefined where that number is not taken. @throws `damaged-record` */
  async read(number: number): Promise<T | undefined> {
    if (this.#latest?.number === number) return this.#latest;
    const path = this.pathOf(number);
    const bytes = await readIfPresent(path);
    if (bytes === undefined) return undefined;
    try {
      const record = this.parse(JSON.parse(bytes.toString('utf8')));
      if (record.number !== number) throw new Error(`it says number ${String(record.number)}`);
      return record;
    } catch (error) {
      throw new TuflineError({
        code: 'damaged-record',
        kind: 'transient',
        message: `The record ${path} cannot be read (${reason(error)}).`,
        remedy:
          'Restore this file from a backup or another copy of the state; never edit or remove a record.',
        path,
        cause: error,
      });
    }
  }

  /** Records from `first` to the newest, oldest first. A missing one among them is an error. */
  async *from(first: number): AsyncGenerator<T> {
    const newest = (await this.latest())?.number ?? 0;
    for (let start = first; start <= newest; start += READ_AT_ONCE) {
      const numbers = range(start, Math.min(newest, start + READ_AT_ONCE - 1));
      yield* await Promise.all(numbers.map((number) => this.#mustRead(number)));
    }
  }

  /** Calls `observer` once for every record, the present ones at the next {@link catchUp}. */
  observe(observer: (record: T) => void): void {
    this.#observers.push(observer);
  }

  /** Gives all records that are new since the last call to the observers. */
  async catchUp(): Promise<void> {
    for await (const record of this.from(this.#observed + 1)) {
      // Two calls may run at once; a record is observed by whichever comes first.
      if (record.number !== this.#observed + 1) continue;
      for (const observer of this.#observers) observer(record);
      this.#observed = record.number;
    }
  }

  /**
   * Tries to make `record` the truth for its number.
   * @returns whether it is; where not, somebody else took the number: read again and go higher.
   */
  async append(record: T): Promise<boolean> {
    const outcome = await putOnce(this.pathOf(record.number), Buffer.from(`${JSON.stringify(record)}\n`));
    if (outcome === 'other') return false;
    this.#keep(record);
    return true;
  }

  /**
   * Makes sure that what was read here survives a power cut: whoever linked the newest record may have been killed
   * before its fsync, and nothing may become visible that rests on a record which can vanish.
   */
  async makeDurable(): Promise<void> {
    await fsyncDirectory(this.directory);
  }

  /** Removes what killed writers left under temporary names: for a number that is taken nobody needs it. */
  async sweep(): Promise<void> {
    if (performance.now() < this.#sweepNextAt) return;
    this.#sweepNextAt = performance.now() + SWEEP_EVERY;
    const taken = (await this.latest())?.number ?? 0;
    await sweepTemporary(this.directory, (name) => Number(RECORD_FILE.exec(name)?.[1] ?? Infinity) <= taken);
  }

  pathOf(number: number): string {
    return join(this.directory, `${String(number)}.json`);
  }

  async #mustRead(number: number): Promise<T> {
    const record = await this.read(number);
    if (record !== undefined) return record;
    throw new TuflineError({
      code: 'missing-record',
      kind: 'transient',
      message: `The record ${this.pathOf(number)} is missing although later ones are there.`,
      remedy: 'Restore this file from a backup or another copy of the state.',
      path: this.pathOf(number),
    });
  }

  async #newestNumber(): Promise<number> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      throw hasErrno(error, 'ENOENT')
        ? new TuflineError({
            code: 'no-repository',
            kind: 'transient',
            message: `There are no records at ${this.directory}.`,
            remedy: 'Check that the state directory is mounted, or make an instance with "tufline init".',
            path: this.directory,
            cause: error,
          })
        : ioError(error, 'read', this.directory);
    });
    return names.reduce((newest, name) => Math.max(newest, Number(RECORD_FILE.exec(name)?.[1] ?? 0)), 0);
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function reason(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll(/\s*\n\s*/g, ' ');
  return error instanceof Error ? error.message : String(error);
}
