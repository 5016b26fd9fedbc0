import type { HashAlgorithm } from '../../files/index.js';

/** What targets metadata says of one target (§4.5). */
export interface TargetEntry {
  /** Bytes. */
  readonly length: number;
  readonly hashes: Readonly<Partial<Record<HashAlgorithm, string>>>;
  /** `custom.release`: timestamp of the hand-over that brought these bytes. */
  readonly release: string;
}

/**
 * Entries as they stand in canonical JSON, `"path":{"custom":{…},"hashes":{…},"length":7}`, with commas between
 * and sorted by path. An entry ends with `,"length":<digits>}`; as a raw quotation mark cannot occur inside a
 * string, these bytes occur nowhere else, which makes a binary search over the raw bytes possible.
 */
const SEPARATOR = Buffer.from('},"');
const LENGTH = Buffer.from(',"length":');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = Buffer.from(',');
const NOTHING = Buffer.alloc(0);
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
  const { start, found } = search(entries, Buffer.from(path), 0);
  return found ? parseEntry(entries.subarray(start, endOfEntry(entries, start))).entry : undefined;
}

/** Whether any path begins with `prefix`. */
export function hasPathBelow(entries: Buffer, prefix: string): boolean {
  const wanted = Buffer.from(prefix);
  const { start } = search(entries, wanted, 0);
  if (start >= entries.length) return false;
  return pathAt(entries, start).subarray(0, wanted.length).equals(wanted);
}

/** All entries, in order, one at a time. */
export function* listEntries(entries: Buffer): Generator<{ path: string; entry: TargetEntry }> {
  for (let start = 0; start < entries.length;) {
    const end = endOfEntry(entries, start);
    yield parseEntry(entries.subarray(start, end));
    start = end + 1;
  }
}

/**
 * Puts entries in or in place of others.
 * @returns the new bytes in pieces, most of them slices of `entries`, and how many paths were not there before.
 */
export function spliceEntries(
  entries: Buffer,
  changes: ReadonlyMap<string, TargetEntry>,
): { readonly pieces: readonly Buffer[]; readonly added: number } {
  const sorted = [...changes]
    .map(([path, entry]) => ({ key: Buffer.from(path), bytes: entryBytes(path, entry) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  const parts: Buffer[] = [];
  let position = 0;
  let added = 0;
  for (const { key, bytes } of sorted) {
    const { start, found } = search(entries, key, position);
    // Without the comma that closes the kept run; commas are put between the parts.
    if (start > position) parts.push(entries.subarray(position, start >= entries.length ? start : start - 1));
    parts.push(bytes);
    position = found ? Math.min(endOfEntry(entries, start) + 1, entries.length) : start;
    if (!found) added++;
  }
  if (position < entries.length) parts.push(entries.subarray(position));
  return { pieces: parts.flatMap((part, index) => [index === 0 ? NOTHING : COMMA, part]), added };
}

/** Where the entry of `key` begins, or where it would. `from` is the beginning of an entry. */
function search(entries: Buffer, key: Buffer, from: number): { start: number; found: boolean } {
  let low = from;
  // Entries that begin before `high` are still to be looked at; the one at `after` comes after the key.
  let high = entries.length;
  let after = entries.length;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const start = middle === low ? low : startOfEntry(entries, middle, high);
    if (start === undefined) {
      high = middle;
      continue;
    }
    const order = Buffer.compare(pathAt(entries, start), key);
    if (order === 0) return { start, found: true };
    if (order < 0) low = endOfEntry(entries, start) + 1;
    else after = high = start;
  }
  return { start: after, found: false };
}

/** The first beginning of an entry at or after `position` and before `high`. */
function startOfEntry(entries: Buffer, position: number, high: number): number | undefined {
  let at = entries.indexOf(SEPARATOR, position - 2);
  while (at >= 0 && at + 2 < high) {
    if (endsWithLength(entries, at)) return at + 2;
    at = entries.indexOf(SEPARATOR, at + 1);
  }
  return undefined;
}

/** The position just behind the closing brace of the entry that begins at `start`. */
function endOfEntry(entries: Buffer, start: number): number {
  for (let at = entries.indexOf(SEPARATOR, start); at >= 0; at = entries.indexOf(SEPARATOR, at + 1)) {
    if (endsWithLength(entries, at)) return at + 1;
  }
  return entries.length;
}

/** Whether the brace at `brace` closes an entry: `,"length":<digits>` stands before it. */
function endsWithLength(entries: Buffer, brace: number): boolean {
  let at = brace;
  while (at > 0 && isDigit(entries[at - 1])) at--;
  return at < brace && at >= LENGTH.length && entries.subarray(at - LENGTH.length, at).equals(LENGTH);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The raw bytes of the path of the entry that begins at `start`. */
function pathAt(entries: Buffer, start: number): Buffer {
  let escaped = false;
  let end = start + 1;
  for (; end < entries.length && entries[end] !== QUOTE; end++) {
    if (entries[end] === BACKSLASH) {
      escaped = true;
      end++;
    }
  }
  const raw = entries.subarray(start + 1, end);
  return escaped ? Buffer.from(raw.toString('utf8').replaceAll(/\\(.)/gs, '$1')) : raw;
}

function parseEntry(bytes: Buffer): { path: string; entry: TargetEntry } {
  const path = pathAt(bytes, 0).toString('utf8');
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

/** A string in canonical JSON: nothing but quotation marks and backslashes is escaped. */
function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, '\\$&')}"`;
}
