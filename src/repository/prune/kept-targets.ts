import { fileOf, TARGETS_FILE, type HashBins } from '../metadata/hash-bins.js';
import { findEntry } from '../metadata/target-entries.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { copiesOf } from './copies.js';
import { mustReadVersion } from './read-version.js';

/** Hashed copies that some superseded version listed, by the path of their target. */
export type Copies = Map<string, Set<string>>;

/** The newest version of each file of the targets roles. */
export type NewestVersions = ReadonlyMap<string, number>;

/** To be called before anything else is waited for: the state grows. */
export function newestVersions({ meta }: TargetsState): NewestVersions {
  return new Map([...meta].map(([file, { version }]) => [file, version]));
}

/**
 * Takes from some copies those that metadata lists which clients may still ask for. The versions of a file rise by one,
 * so these are all from the one that the oldest kept snapshot lists up to the newest: no record is needed to find them.
 * A target may be listed in several files: in the top-level metadata, and in one bin of every layout there was.
 */
export class KeptTargets {
  /** By file: the targets that it would list. */
  readonly #paths = new Map<string, Set<string>>();
  /** By file: up to this version everything has been looked at. */
  readonly #lookedAt = new Map<string, number>();
  readonly #layouts = new Set<number>();

  /**
   * @param oldest version of each file that the oldest kept snapshot lists.
   * @param copies grows smaller.
   */
  constructor(
    private readonly repository: Repository,
    private readonly oldest: ReadonlyMap<string, number>,
    private readonly copies: Copies,
  ) {
    this.#paths.set(TARGETS_FILE, new Set(copies.keys()));
  }

  /** Looks at every kept version up to these that has not been looked at yet. */
  async lookAt(newest: NewestVersions): Promise<void> {
    // First at the top level, which tells of layouts: a new one adds files to look at.
    await this.#lookAtFile(TARGETS_FILE, newest);
    for (const file of this.#paths.keys()) await this.#lookAtFile(file, newest);
  }

  async #lookAtFile(file: string, newest: NewestVersions): Promise<void> {
    const last = newest.get(file) ?? 0;
    let version = (this.#lookedAt.get(file) ?? (this.oldest.get(file) ?? 1) - 1) + 1;
    for (; version <= last; version++) {
      const { entries, bins } = await mustReadVersion(this.repository, { file, version });
      if (bins) this.#addLayout(bins);
      else for (const path of this.#paths.get(file) ?? []) this.#keepListed(entries, path);
      this.#lookedAt.set(file, version);
    }
  }

  #addLayout(bins: HashBins): void {
    if (this.#layouts.has(bins.count)) return;
    this.#layouts.add(bins.count);
    for (const path of this.copies.keys()) {
      const file = fileOf(bins, path);
      const paths = this.#paths.get(file);
      // Bins of another layout may have the same name: what was looked at for other paths counts for none of these.
      this.#lookedAt.delete(file);
      if (paths) paths.add(path);
      else this.#paths.set(file, new Set([path]));
    }
  }

  #keepListed(entries: Buffer, path: string): void {
    const copies = this.copies.get(path);
    const listed = copies && findEntry(entries, path);
    if (!listed) return;
    for (const copy of copiesOf(path, listed)) copies.delete(copy);
    if (copies.size === 0) this.copies.delete(path);
  }
}
