import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hasErrno, ioError, TuflineError } from '../../errors/index.js';
import { makeDirectory, putOnce, readIfPresent, removeFile, sweepTemporary } from '../../files/index.js';
import type { HashBins } from '../metadata/hash-bins.js';
import type { RecordLog } from './record-log.js';
import { parseCheckpoint, type Checkpoint, type CommitRecord, type MetaEntry } from './records.js';

/** What all commits up to one of them say together. */
export interface TargetsState {
  /** Of the last commit that is part of it. */
  readonly number: number;
  /** Number of target paths. */
  readonly targets: number;
  /** Undefined where all targets are in `targets.json`. */
  readonly hashBins: HashBins | undefined;
  /** Current version of each metadata file of the targets roles, by name without version. */
  readonly meta: ReadonlyMap<string, MetaEntry>;
}

interface GrowingState extends TargetsState {
  number: number;
  targets: number;
  hashBins: HashBins | undefined;
  readonly meta: Map<string, MetaEntry>;
}

/** So many commits are read at most by a process that starts. */
const CHECKPOINT_EVERY = 256;

/**
 * Folds the commits: each record names only the metadata that it makes. A process keeps the newest state and reads
 * what was added since; a new one begins at a checkpoint, which the targets role writes now and then.
 */
export class TargetsLedger {
  #state: GrowingState | undefined;
  #checkpoint = 0;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly commits: RecordLog<CommitRecord>) {}

  /**
   * The state after a commit, which has to be the newest that was read so far. What is given back is the ledger's own
   * and grows with it: it is to be read before anything else is waited for, or by the one process that commits.
   */
  async at(latest: CommitRecord): Promise<TargetsState> {
    // One after the other: each record is added once.
    const reading = this.#reading.then(() => this.#catchUp(latest));
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /** The state after a commit that may be older than what was read so far. To be read at once, as with {@link at}. */
  async upTo(commit: CommitRecord): Promise<TargetsState> {
    if ((this.#state?.number ?? 0) <= commit.number) return this.at(commit);
    const state = await this.#begin(commit.number);
    await this.#read(state, commit);
    return state;
  }

  async #catchUp(latest: CommitRecord): Promise<TargetsState> {
    const state = (await this.#goOn(latest)) ?? (await this.#begin(latest.number));
    await this.#read(state, latest);
    this.#state = state;
    return state;
  }

  /** What is kept, brought up; undefined where a process slept so long that what it has to read has been pruned. */
  async #goOn(latest: CommitRecord): Promise<GrowingState | undefined> {
    const state = this.#state;
    if (!state || latest.number <= state.number + 1) return state;
    return state.number + 1 < (await this.commits.oldest()) ? undefined : state;
  }

  async #read(state: GrowingState, latest: CommitRecord): Promise<void> {
    if (state.number + 1 === latest.number) add(state, latest);
    else if (state.number < latest.number) {
      for await (const record of this.commits.from(state.number + 1)) {
        if (record.number > latest.number) break;
        add(state, record);
      }
    }
  }

  /** Writes a checkpoint where the last one is long ago. Only for the role that writes commits. */
  async checkpoint(latest: CommitRecord): Promise<void> {
    if (latest.number - this.#checkpoint < CHECKPOINT_EVERY) return;
    const newest = Math.max(0, ...(await this.checkpoints()));
    if (latest.number - newest >= CHECKPOINT_EVERY) await this.writeCheckpoint(latest);
    this.#checkpoint = Math.max(newest, latest.number - (latest.number % CHECKPOINT_EVERY));
  }

  /** Writes a checkpoint of the state after this commit. @returns its path. */
  async writeCheckpoint(commit: CommitRecord): Promise<string> {
    return this.#write(asCheckpoint(await this.upTo(commit)));
  }

  /**
   * Writes a checkpoint that makes the records before this commit unneeded.
   * @throws transient `damaged-checkpoint` where one is there that says something else.
   */
  async replaceRecordsBefore(commit: CommitRecord): Promise<void> {
    // From the records, and not from what it is compared with.
    const state = await this.#begin(commit.number - 1);
    await this.#read(state, commit);
    const checkpoint = asCheckpoint(state);
    const path = await this.#write(checkpoint);
    const written = await readIfPresent(path);
    if (written && isDeepStrictEqual(parsed(written), checkpoint)) return;
    throw new TuflineError({
      code: 'damaged-checkpoint',
      kind: 'transient',
      message: `The checkpoint ${path} does not say what the records say.`,
      remedy: 'Remove this file; it is written anew by itself.',
      path,
    });
  }

  /**
   * Removes checkpoints that nobody begins at: all but the newest two and the one of the oldest record, from where on
   * every state can be told. A process that starts begins at the newest; the second is for when that is damaged.
   */
  async pruneCheckpoints(): Promise<void> {
    const oldest = await this.commits.oldest();
    const numbers = (await this.checkpoints()).sort((a, b) => b - a);
    await sweepTemporary(this.#directory, () => true);
    for (const number of numbers.slice(2)) if (number !== oldest) await removeFile(this.#pathOf(number));
  }

  /** Numbers of the checkpoints that there are. */
  async checkpoints(): Promise<number[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return [];
      throw ioError(error, 'read', this.#directory);
    });
    return names.flatMap((name) => {
      const number = /^([1-9]\d*)\.json$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  }

  /** Begins at the newest checkpoint that can be read, or at the first record. */
  async #begin(atMost: number): Promise<GrowingState> {
    const numbers = (await this.checkpoints()).filter((number) => number <= atMost).sort((a, b) => b - a);
    for (const number of numbers) {
      const bytes = await readIfPresent(this.#pathOf(number));
      const checkpoint = bytes && parsed(bytes);
      if (checkpoint?.number !== number) continue;
      const { targets, hash_bins: hashBins, meta } = checkpoint;
      return { number, targets, hashBins, meta: new Map(Object.entries(meta)) };
    }
    return { number: 0, targets: 0, hashBins: undefined, meta: new Map() };
  }

  async #write(checkpoint: Checkpoint): Promise<string> {
    const path = this.#pathOf(checkpoint.number);
    await makeDirectory(this.#directory);
    await putOnce(path, Buffer.from(`${JSON.stringify(checkpoint)}\n`));
    return path;
  }

  get #directory(): string {
    return join(this.commits.directory, 'checkpoints');
  }

  #pathOf(number: number): string {
    return join(this.#directory, `${String(number)}.json`);
  }
}

function asCheckpoint({ number, targets, hashBins, meta }: TargetsState): Checkpoint {
  return {
    format: 1,
    number,
    targets,
    ...(hashBins ? { hash_bins: hashBins } : {}),
    meta: Object.fromEntries(meta),
  };
}

function add(state: GrowingState, record: CommitRecord): void {
  state.number = record.number;
  state.targets = record.targets;
  state.hashBins = record.hash_bins;
  for (const [name, meta] of Object.entries(record.meta)) state.meta.set(name, meta);
}

/** A damaged checkpoint is none: the records are the truth. */
function parsed(bytes: Buffer): Checkpoint | undefined {
  try {
    return parseCheckpoint(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
