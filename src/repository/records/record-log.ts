import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hasErrno, ioError, TuflineError } from '../../errors/index.js';
import { fsyncDirectory, putOnce, readIfPresent, stat, sweepTemporary } from '../../files/index.js';
import { LogStart } from './log-start.js';
import type { BaseRecord } from './records.js';

const RECORD_FILE = /^([1-9]\d*)\.json$/;
const READ_AT_ONCE = 32;
/** Milliseconds; the directory holds very many records. */
const SWEEP_EVERY = 600_000;
/** Milliseconds after which what is remembered as newest is looked at again: it may have been pruned meanwhile. */
const TRUST_FOR = 60_000;

/**
 * The records of one kind: files `1.json`, `2.json`, … without a gap, each written once and never changed; the oldest
 * are pruned. Whoever links a number first has decided. What was read is kept, as it can never become wrong.
 */
export class RecordLog<T extends BaseRecord> {
  #latest: T | undefined;
  #seenAt = 0;
  /** Which record is the first that counts. */
  readonly start: LogStart;
  /** At first at once: the process before this one may have been killed. */
  #sweepNextAt = 0;

  constructor(
    readonly directory: string,
    private readonly parse: (value: unknown) => T,
  ) {
    this.start = new LogStart(directory);
  }

  /** The newest record, or undefined where there is none. */
  async latest(): Promise<T | undefined> {
    let latest = await this.#remembered();
    if (latest === undefined) {
      const newest = await this.#newestNumber();
      if (newest > 0) latest = await this.mustRead(newest);
    }
    for (;;) {
      const next = await this.read((latest?.number ?? 0) + 1);
      if (next === undefined) return this.#keep(latest);
      latest = next;
    }
  }

  /** Several calls may run at once: what is kept never falls back to an older record. */
  #keep(record: T | undefined): T | undefined {
    if (record && record.number > (this.#latest?.number ?? 0)) {
      this.#latest = record;
      this.#seenAt = Date.now();
    }
    return this.#latest;
  }

  /** Looks for the newest record anew next time: what is remembered does not fit to what lies there. */
  forget(): void {
    this.#latest = undefined;
  }

  /** A process that slept for long may remember a record that was pruned: the ones after it would never be found. */
  async #remembered(): Promise<T | undefined> {
    const latest = this.#latest;
    if (!latest || Math.abs(Date.now() - this.#seenAt) < TRUST_FOR) return latest;
    const isThere = await stat(this.pathOf(latest.number)).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw ioError(error, 'look at', this.pathOf(latest.number));
    });
    if (isThere) this.#seenAt = Date.now();
    else if (this.#latest === latest) this.#latest = undefined;
    return this.#latest;
  }

  /** One record, or undefined where that number is not taken. @throws `damaged-record` */
  async read(number: number): Promise<T | undefined> {
    if (this.#latest?.number === number) return this.#latest;
    const path = this.pathOf(number);
    const bytes = await readIfPresent(path);
    if (bytes === undefined) return undefined;
    const record = this.parseFile(bytes, path);
    if (record.number !== number) throw damaged(path, `it says number ${String(record.number)}`);
    return record;
  }

  /** Takes a record's file apart. @throws `damaged-record` */
  parseFile(bytes: Buffer, path: string): T {
    try {
      return this.parse(JSON.parse(bytes.toString('utf8')));
    } catch (error) {
      throw damaged(path, reason(error), error);
    }
  }

  /** Number of the oldest record that has not been pruned; 1 where none has been. */
  async oldest(): Promise<number> {
    return this.start.first();
  }

  /** Records from `first` to the newest, oldest first. A missing one among them is an error. */
  async *from(first: number): AsyncGenerator<T> {
    const newest = (await this.latest())?.number ?? 0;
    for (let start = first; start <= newest; start += READ_AT_ONCE) {
      const numbers = range(start, Math.min(newest, start + READ_AT_ONCE - 1));
      yield* await Promise.all(numbers.map((number) => this.mustRead(number)));
    }
  }

  /**
   * Tries to make `record` the truth for its number.
   * @param before what has to be durable before anybody can see the record; the record is written meanwhile.
   * @returns whether it is; where not, somebody else took the number: read again and go higher.
   */
  async append(record: T, before: () => Promise<unknown> = () => Promise.resolve()): Promise<boolean> {
    const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
    // A number that has been pruned is free as a name: looked at when nobody can miss our temporary file any more.
    const mayAppear = async (): Promise<boolean> => {
      const isPruned = record.number < (await this.start.first());
      if (isPruned) this.forget();
      return !isPruned;
    };
    const outcome = await putOnce(this.pathOf(record.number), bytes, before, mayAppear).catch(
      (error: unknown) => {
        // Perhaps our temporary file was swept, as the number is long taken.
        this.forget();
        throw error;
      },
    );
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
    const taken = (await this.latest())?.number ?? 0;
    const open: number[] = [];
    await sweepTemporary(this.directory, (name) => {
      const number = Number(RECORD_FILE.exec(name)?.[1] ?? 0);
      if (number > taken) open.push(number);
      return number > 0 && number <= taken;
    });
    // What somebody may still be about to place is looked at again soon.
    if (open.length === 0) this.#sweepNextAt = performance.now() + SWEEP_EVERY;
  }

  pathOf(number: number): string {
    return join(this.directory, `${String(number)}.json`);
  }

  /** As {@link read}, for a number that is known to be taken. @throws transient `missing-record` */
  async mustRead(number: number): Promise<T> {
    const record = await this.read(number);
    if (record !== undefined) return record;
    this.forget();
    throw new TuflineError({
      code: 'missing-record',
      kind: 'transient',
      message: `The record ${this.pathOf(number)} is missing although later ones are there.`,
      remedy: 'Restore this file from a backup or another copy of the state.',
      path: this.pathOf(number),
    });
  }

  async #newestNumber(): Promise<number> {
    return (await this.#numbers()).reduce((newest, number) => Math.max(newest, number), 0);
  }

  async #numbers(): Promise<number[]> {
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
    return names.flatMap((name) => {
      const number = RECORD_FILE.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  }
}

function damaged(path: string, why: string, cause?: unknown): TuflineError {
  return new TuflineError({
    code: 'damaged-record',
    kind: 'transient',
    message: `The record ${path} cannot be read (${why}).`,
    remedy: 'Restore this file from a backup or another copy of the state; never edit or remove a record.',
    path,
    cause,
  });
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function reason(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll(/\s*\n\s*/g, ' ');
  return error instanceof Error ? error.message : String(error);
}
