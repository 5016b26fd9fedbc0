import type { HashAlgorithm } from '../../files/index.js';
import {
  findRaw,
  hasKeyBelow,
  keyAt,
  listRaw,
  quoted,
  spliceRaw,
  type EntryForm,
  type RawEntry,
} from './entries.js';

/** What targets metadata says of one target (§4.5). */
export interface TargetEntry {
  /** Bytes. */
  readonly length: number;
  readonly hashes: Readonly<Partial<Record<HashAlgorithm, string>>>;
  /** `custom.release`: timestamp of the hand-over that brought these bytes. */
  readonly release: string;
}

/** `"path":{"custom":{…},"hashes":{…},"length":7}` */
export const TARGET_FORM: EntryForm = { closing: Buffer.from('"length":') };

const ENTRY = /^\{"custom":\{"release":"([^"\\]*)"\},"hashes":(\{[^{}]*\}),"length":(\d+)\}$/;

/** Canonical bytes of one entry, with its path. Hashes are in the order of their names. */
export function entryBytes(path: string, entry: TargetEntry): Buffer {
  const hashes = Object.entries(entry.hashes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => `"${name}":"${digest}"`)
    .join(',');
  return Buffer.from(
    `${quoted(path)}:{"custom":{"release":"${entry.release}"},"hashes":{${hashes}},"length":${String(entry.length)}}`,
  );
}

/** The entry of `path`, or undefined. */
export function findEntry(entries: Buffer, path: string): TargetEntry | undefined {
  const raw = findRaw(TARGET_FORM, entries, path);
  return raw && parseEntry(raw).entry;
}

/** Whether any path begins with `prefix`. */
export function hasPathBelow(entries: Buffer, prefix: string): boolean {
  return hasKeyBelow(TARGET_FORM, entries, prefix);
}

/** All entries, in order, one at a time. */
export function* listEntries(entries: Buffer): Generator<{ path: string; entry: TargetEntry }> {
  for (const { bytes } of listRaw(TARGET_FORM, entries)) yield parseEntry(bytes);
}

/** As {@link spliceRaw}, for targets. */
export function spliceEntries(
  entries: Buffer,
  changes: ReadonlyMap<string, TargetEntry>,
): { readonly pieces: readonly Buffer[]; readonly added: number } {
  return spliceRaw(
    TARGET_FORM,
    entries,
    [...changes].map(([path, entry]): RawEntry => ({
      key: Buffer.from(path),
      bytes: entryBytes(path, entry),
    })),
  );
}

/** @throws Error where the entry is not in the form that this program writes. */
export function parseEntry(bytes: Buffer): { path: string; entry: TargetEntry } {
  const path = keyAt(bytes, 0).toString('utf8');
  const rest = bytes.subarray(Buffer.byteLength(quoted(path)) + 1).toString('latin1');
  const match = ENTRY.exec(rest);
  if (!match?.[2])
    throw new Error(`the entry of ${JSON.stringify(path)} is not in the form that this program writes`);
  return {
    path,
    entry: { release: match[1] ?? '', hashes: parseHashes(match[2]), length: Number(match[3]) },
  };
}

function parseHashes(text: string): TargetEntry['hashes'] {
  const hashes: Partial<Record<HashAlgorithm, string>> = {};
  for (const [, name, digest] of text.matchAll(/"(sha256|sha512)":"([0-9a-f]+)"/g)) {
    if (name === 'sha256' || name === 'sha512') hashes[name] = digest ?? '';
  }
  return hashes;
}
