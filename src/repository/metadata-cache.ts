import type { Envelope } from './metadata/envelope.js';
import { versionedName } from './metadata/file-name.js';
import type { MetaEntry } from './records/records.js';

type Identity = Pick<MetaEntry, 'version' | 'hashes'>;

/**
 * Metadata in memory, taken apart, the least recently used dropped first. It is found by name, version and the hash
 * that the records give: it can never be another version than the asked one, whoever has written since.
 */
export class MetadataCache<T extends { readonly envelope: Envelope }> {
  readonly #entries = new Map<string, { readonly sha256: string | undefined; readonly value: T }>();
  #bytes = 0;

  /** @param limit bytes of signed metadata that may be kept. */
  constructor(private readonly limit: number) {}

  get(name: string, { version, hashes }: Identity): T | undefined {
    const key = versionedName(name, version);
    const entry = this.#entries.get(key);
    if (!entry || entry.sha256 !== hashes.sha256) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  put(name: string, { version, hashes }: Identity, value: T): void {
    // A new version takes the place of the one before.
    this.#drop(versionedName(name, version - 1));
    this.#drop(versionedName(name, version));
    this.#entries.set(versionedName(name, version), { sha256: hashes.sha256, value });
    this.#bytes += value.envelope.signed.length;
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= this.limit) break;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.value.envelope.signed.length ?? 0;
    this.#entries.delete(key);
  }
}
