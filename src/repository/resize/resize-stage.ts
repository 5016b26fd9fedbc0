import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../../errors/index.js';
import { eachAtOnce, fsyncDirectory, removeFile, rename, replaceFile, stat } from '../../files/index.js';
import type { Repository } from '../repository.js';
import { beginStage, discardStage, makeStageDurable, stageId, type MetadataStage } from '../staging/stage.js';
import { appendToJournal, journalBytes, readJournal, type JournalLine } from './journal.js';

const JOURNAL = 'journal';
const AT_ONCE = 8;

/**
 * Where the files of a new layout gather: `resize-<files before>-<files after>.<digits>`. It outlives the attempt that
 * began it. The next one takes it over by giving the directory another name, which of several at once only one can do;
 * whoever had it before finds nothing at the old name and gives up.
 */
export class ResizeStage implements MetadataStage {
  /** Of units that are finished, by number. */
  readonly lines: Map<number, JournalLine>;
  /** Names of files in it, finished or not. */
  readonly #present: Set<string>;
  #id: string;
  #sealedId: string | undefined;

  private constructor(
    private readonly repository: Repository,
    private readonly purpose: string,
    id: string,
    lines: Map<number, JournalLine>,
    present: Iterable<string>,
  ) {
    this.#id = id;
    this.lines = lines;
    this.#present = new Set(present);
  }

  /** Takes over what an earlier attempt has left, or begins anew. @param from and `to`: files of the layouts. */
  static async open(repository: Repository, from: number, to: number): Promise<ResizeStage> {
    const purpose = `resize-${String(from)}-${String(to)}`;
    const id = await takeOver(repository, purpose);
    if (id === undefined) {
      const begun = await beginStage(repository, purpose);
      return new ResizeStage(repository, purpose, begun.id, new Map(), []).#withJournal();
    }
    const path = join(repository.paths.staging, id);
    const lines = await readJournal(join(path, JOURNAL));
    const present = await list(path);
    return new ResizeStage(repository, purpose, id, lines, present).#withJournal();
  }

  get id(): string {
    return this.#id;
  }
  get path(): string {
    return join(this.repository.paths.staging, this.#id);
  }

  /** Makes room for a file: what lies there under its name was not finished, or is out of date. */
  async makeRoom(name: string): Promise<void> {
    if (this.#present.has(name)) await removeFile(join(this.path, name));
    this.#present.add(name);
  }

  /** Notes units whose files have been written. */
  async finished(lines: readonly JournalLine[]): Promise<void> {
    if (lines.length === 0) return;
    await fsyncDirectory(this.path);
    await appendToJournal(join(this.path, JOURNAL), lines);
    for (const line of lines) this.lines.set(line.unit, line);
  }

  /**
   * Removes every file but these: each that is left will be put in place, and a version that no record names must not.
   * @throws transient `resize-damaged` where one of them is missing; what had been done is done again then.
   */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    const present = (await list(this.path)).filter((name) => name !== JOURNAL);
    const others = present.filter((name) => !names.has(name));
    await eachAtOnce(others, AT_ONCE, (name) => removeFile(join(this.path, name)));
    if (present.length - others.length === names.size) return;
    await this.discard();
    throw new TuflineError({
      code: 'resize-damaged',
      kind: 'transient',
      message: `Somebody has removed files from ${this.path}.`,
      remedy: 'They are made again by themselves.',
      path: this.path,
    });
  }

  /** The name that the record of this number is to give: a new one, see {@link seal}. */
  idWhenSealed(number: number): string {
    this.#sealedId = stageId(`commit-${String(number)}`);
    return this.#sealedId;
  }

  get isSealed(): boolean {
    return this.#id === this.#sealedId;
  }

  /**
   * Gives it the name of a stage for a record, which nobody takes over, and nobody sweeps before the number is taken.
   * Without that, another attempt could carry it off from under the record that names it.
   */
  async seal(): Promise<void> {
    if (this.#sealedId === undefined) throw new Error('no record is to name it');
    await makeStageDurable(this.repository, this);
    await this.#rename(this.#sealedId);
    await fsyncDirectory(this.repository.paths.staging).catch(async (error: unknown) => {
      // Nothing names it yet: the next attempt shall find it.
      await this.unseal().catch(() => undefined);
      throw error;
    });
  }

  /** After another record has taken the number: it is the stage of a resize again. */
  async unseal(): Promise<void> {
    await this.#rename(stageId(this.purpose));
  }

  async discard(): Promise<void> {
    await discardStage(this);
  }

  /** Whether another attempt has taken it over, or it was swept. */
  async isGone(): Promise<boolean> {
    return stat(this.path).then(
      () => false,
      (error: unknown) => hasErrno(error, 'ENOENT'),
    );
  }

  async #rename(id: string): Promise<void> {
    await rename(this.path, join(this.repository.paths.staging, id)).catch((error: unknown) => {
      throw ioError(error, 'rename', this.path);
    });
    this.#id = id;
  }

  /** A new file, so that whoever had the stage before and still has the old one open does not write into it. */
  async #withJournal(): Promise<this> {
    await replaceFile(join(this.path, JOURNAL), journalBytes(this.lines.values()));
    await fsyncDirectory(this.repository.paths.staging);
    return this;
  }
}

/** @returns the new name of the stage that most was done in, or undefined where there is none. */
async function takeOver({ paths }: Repository, purpose: string): Promise<string | undefined> {
  const found: { name: string; size: number }[] = [];
  for (const name of await list(paths.staging)) {
    if (!name.startsWith(`${purpose}.`)) continue;
    const size = await stat(join(paths.staging, name, JOURNAL)).then(
      (stats) => stats.size,
      () => 0,
    );
    found.push({ name, size });
  }
  for (const { name } of found.sort((a, b) => b.size - a.size)) {
    const id = stageId(purpose);
    try {
      await rename(join(paths.staging, name), join(paths.staging, id));
      return id;
    } catch (error) {
      // Another attempt was quicker.
      if (!hasErrno(error, 'ENOENT')) throw ioError(error, 'rename', join(paths.staging, name));
    }
  }
  return undefined;
}

function list(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    throw ioError(error, 'read', directory);
  });
}
