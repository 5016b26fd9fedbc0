import { TuflineError } from '../../errors/index.js';
import { eachAtOnce } from '../../files/index.js';
import type { Authority } from '../authority.js';
import { versionedName } from '../metadata/file-name.js';
import type { HashBins } from '../metadata/hash-bins.js';
import type { MetaEntry } from '../records/records.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import type { JournalLine } from './journal.js';
import { isSameAuthority, type LayoutAuthority } from './layout-authority.js';
import { isUpToDate, keepWhole, makeUnit, type Making } from './make-unit.js';
import type { ResizeStage } from './resize-stage.js';
import { sizeOf, type Unit } from './units.js';

/** Two units in memory at most: while one waits for the disk, the other computes. */
const UNITS_AT_ONCE = 2;
/** Files that one line of the journal, and one fsync of their directory, waits for; at least a unit. */
const FILES_A_BATCH = 64;
const NO_SPACE = ['io-enospc', 'io-edquot'];

interface WorkOptions {
  readonly onProgress: ((done: number, total: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The units of a resize, and what has been done of them. */
export class UnitWork {
  /** Units that an earlier attempt has done. */
  reused = 0;
  readonly #done = new Set<number>();
  #doneSize = 0;
  /** Units whose files are known to be whole, and to be signed by {@link #by}. */
  readonly #trusted = new Set<number>();
  #by: Authority | undefined;

  constructor(
    private readonly repository: Repository,
    readonly stage: ResizeStage,
    private readonly to: HashBins | undefined,
    private readonly units: readonly Unit[],
    private readonly options: WorkOptions,
  ) {}

  /** Not where only the style changes: then bins stay as they are. */
  get hasUnits(): boolean {
    return this.units.length > 0;
  }

  /** The units that are not done, or that a commit has changed since. */
  stale(state: TargetsState, by: LayoutAuthority): Unit[] {
    if (this.#by && !isSameAuthority(this.#by, by.authority)) this.#trusted.clear();
    this.#by = by.authority;
    const making = this.#making(state, by);
    return this.units.filter((unit) => {
      const line = this.stage.lines.get(unit.number);
      return !line || !this.#trusted.has(unit.number) || !isUpToDate(making, unit, line);
    });
  }

  /** Does these units, and notes each durably. */
  async make(units: readonly Unit[], state: TargetsState, by: LayoutAuthority): Promise<void> {
    const making = this.#making(state, by);
    for (const batch of batches(units)) {
      this.options.signal?.throwIfAborted();
      const lines: JournalLine[] = [];
      await eachAtOnce(batch, UNITS_AT_ONCE, async (unit) => {
        const line = await this.#makeUnit(making, unit);
        if (line) lines.push(line);
      });
      await this.stage.finished(lines);
      for (const unit of batch) this.#finish(unit);
    }
  }

  /** What the record will say of the new layout's files, and how many targets they hold. */
  result(): { readonly meta: Record<string, MetaEntry>; readonly targets: number } {
    const meta: Record<string, MetaEntry> = {};
    let targets = 0;
    for (const { number } of this.units) {
      const line = this.stage.lines.get(number);
      if (!line) throw new Error(`unit ${String(number)} is not done`);
      targets += line.targets;
      for (const [file, { version, length, hashes, expires }] of Object.entries(line.files))
        meta[file] = { version, length, hashes, expires };
    }
    return { meta, targets };
  }

  /** What to say of a failure: of two attempts at once the one that lost the stage finds its files gone. */
  async explained(error: unknown): Promise<unknown> {
    if (this.stage.isSealed) return error;
    if (await this.stage.isGone()) {
      return new TuflineError({
        code: 'resize-taken-over',
        kind: 'transient',
        message: 'Another attempt has taken over this resize, or brought another layout.',
        remedy: 'It is looked at again by itself.',
        cause: error,
      });
    }
    // Releases need the room more.
    if (error instanceof TuflineError && NO_SPACE.includes(error.code))
      await this.stage.discard().catch(() => undefined);
    return error;
  }

  #making(state: TargetsState, by: LayoutAuthority): Making {
    return { repository: this.repository, stage: this.stage, to: this.to, by, state };
  }

  /** @returns what to note, or undefined where an earlier attempt has noted it. */
  async #makeUnit(making: Making, unit: Unit): Promise<JournalLine | undefined> {
    const noted = this.stage.lines.get(unit.number);
    const isTrusted = this.#trusted.has(unit.number);
    const whole = noted && (isTrusted ? noted : await keepWhole(making, noted));
    this.#trusted.add(unit.number);
    if (noted && !isTrusted && whole && isUpToDate(making, unit, whole)) {
      this.reused++;
      return undefined;
    }
    return makeUnit(making, unit, whole);
  }

  #finish(unit: Unit): void {
    if (this.#done.has(unit.number)) return;
    this.#done.add(unit.number);
    this.#doneSize += sizeOf([unit]);
    this.options.onProgress?.(this.#doneSize, sizeOf(this.units));
  }
}

/** Names of metadata files with their versions. */
export function namesOf(meta: Readonly<Record<string, MetaEntry>>): Set<string> {
  return new Set(Object.entries(meta).map(([file, { version }]) => versionedName(file, version)));
}

function* batches(units: readonly Unit[]): Generator<Unit[]> {
  let batch: Unit[] = [];
  for (const unit of units) {
    batch.push(unit);
    if (batch.reduce((sum, { files }) => sum + files.length, 0) < FILES_A_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
