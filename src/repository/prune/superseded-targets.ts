import { stat } from '../../files/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import { differences } from '../metadata/entries.js';
import { parseEntry, TARGET_FORM } from '../metadata/target-entries.js';
import type { CommitRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { copiesOf } from './copies.js';
import { readVersion, type ListedTargets } from './read-version.js';
import { pathOfVersion, type MetadataVersion } from './remove-metadata.js';

/** What was superseded: a hashed copy that the next version lists no more, or a whole version once all its copies are told. */
export type Superseded =
  | { readonly copy: string; readonly path: string; readonly version?: undefined }
  | { readonly version: MetadataVersion };

const NOTHING: ListedTargets = { entries: Buffer.alloc(0) };

/**
 * Tells what commits have superseded, the oldest first. Each version is compared with the next one while both are
 * there: what has been replaced is found without ever walking `targets/`.
 */
export class SupersededTargets {
  /** By file: older versions have been told. */
  readonly #told = new Map<string, number>();
  #last: { readonly path: string; readonly listed: ListedTargets | undefined } | undefined;

  /** @param oldest version of each file that the oldest kept snapshot lists. */
  constructor(
    private readonly repository: Repository,
    private readonly oldest: ReadonlyMap<string, number>,
  ) {}

  async *by({ meta }: Pick<CommitRecord, 'meta'>): AsyncGenerator<Superseded> {
    for (const [file, { version: made }] of Object.entries(meta)) {
      // Bins of a former layout stay listed as they were, for clients refuse a snapshot that forgets them.
      if (made > (this.oldest.get(file) ?? 0)) continue;
      for (let version = await this.#firstPresent(file, made); version < made; version++) {
        yield* this.#replacedBy({ file, version }, { file, version: version + 1 });
        yield { version: { file, version } };
      }
      this.#told.set(file, made);
    }
  }

  /** The oldest version that is there of those before `made`. Usually just the one before, or none where a run was interrupted. */
  async #firstPresent(file: string, made: number): Promise<number> {
    let version = made;
    const lowest = this.#told.get(file) ?? 1;
    while (version > lowest && (await this.#isThere({ file, version: version - 1 }))) version--;
    return version;
  }

  async *#replacedBy(older: MetadataVersion, newer: MetadataVersion): AsyncGenerator<Superseded> {
    const before = (await this.#read(older)) ?? NOTHING;
    const after = (await this.#read(newer)) ?? NOTHING;
    for (const pair of differences(TARGET_FORM, before.entries, after.entries)) {
      if (!pair.before) continue;
      const { path, entry } = parseEntry(pair.before.bytes);
      const now = pair.after ? copiesOf(path, parseEntry(pair.after.bytes).entry) : [];
      for (const copy of copiesOf(path, entry)) if (!now.includes(copy)) yield { copy, path };
    }
  }

  /** What was the newer one is usually the older one next. */
  async #read(version: MetadataVersion): Promise<ListedTargets | undefined> {
    const path = pathOfVersion(this.repository, version);
    if (this.#last?.path !== path) this.#last = { path, listed: await readVersion(this.repository, version) };
    return this.#last.listed;
  }

  async #isThere(version: MetadataVersion): Promise<boolean> {
    const path = pathOfVersion(this.repository, version);
    return stat(path).then(
      () => true,
      (error: unknown) => {
        if (hasErrno(error, 'ENOENT')) return false;
        throw ioError(error, 'look at', path);
      },
    );
  }
}
