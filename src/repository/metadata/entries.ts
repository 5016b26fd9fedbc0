/**
 * A map in canonical JSON as raw bytes, without its braces: `"key":{…},"key":{…}`, sorted by key. It is searched and
 * edited in place and never parsed as a whole, because an object per entry costs seconds where this costs
 * milliseconds (docs/adr/0003).
 *
 * Every value ends with one number whose name is known, `"length":<digits>}`. As a raw quotation mark cannot occur
 * inside a string, these bytes occur nowhere else, which makes a binary search over the raw bytes possible.
 */
export interface EntryForm {
  /** Name and colon of the number that closes each value: `"length":`. */
  readonly closing: Buffer;
}

/** A key with the canonical bytes of its whole entry, `"key":{…}`. */
export interface RawEntry {
  readonly key: Buffer;
  readonly bytes: Buffer;
}

const SEPARATOR = Buffer.from('},"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = Buffer.from(',');
const NOTHING = Buffer.alloc(0);

/** The bytes of the entry of `key`, or undefined. */
export function findRaw(form: EntryForm, entries: Buffer, key: string): Buffer | undefined {
  const { start, found } = search(form, entries, Buffer.from(key), 0);
  return found ? entries.subarray(start, endOfEntry(form, entries, start)) : undefined;
}

/** Whether any key begins with `prefix`. */
export function hasKeyBelow(form: EntryForm, entries: Buffer, prefix: string): boolean {
  const wanted = Buffer.from(prefix);
  const { start } = search(form, entries, wanted, 0);
  if (start >= entries.length) return false;
  return keyAt(entries, start).subarray(0, wanted.length).equals(wanted);
}

/** All entries, in order, one at a time. */
export function* listRaw(form: EntryForm, entries: Buffer): Generator<RawEntry> {
  for (let start = 0; start < entries.length;) {
    const end = endOfEntry(form, entries, start);
    yield { key: keyAt(entries, start), bytes: entries.subarray(start, end) };
    start = end + 1;
  }
}

/**
 * Puts entries in or in place of others.
 * @returns the new bytes in pieces, most of them slices of `entries`, and how many keys were not there before.
 */
export function spliceRaw(
  form: EntryForm,
  entries: Buffer,
  changes: readonly RawEntry[],
): { readonly pieces: readonly Buffer[]; readonly added: number } {
  const sorted = [...changes].sort((a, b) => Buffer.compare(a.key, b.key));
  const parts: Buffer[] = [];
  let position = 0;
  let added = 0;
  for (const { key, bytes } of sorted) {
    const { start, found } = search(form, entries, key, position);
    // Without the comma that closes the kept run; commas are put between the parts.
    if (start > position) parts.push(entries.subarray(position, start >= entries.length ? start : start - 1));
    parts.push(bytes);
    position = found ? Math.min(endOfEntry(form, entries, start) + 1, entries.length) : start;
    if (!found) added++;
  }
  if (position < entries.length) parts.push(entries.subarray(position));
  return { pieces: joined(parts), added };
}

/** Entries that follow each other, with the commas between them. */
export function joined(parts: readonly Buffer[]): Buffer[] {
  return parts.flatMap((part, index) => [index === 0 ? NOTHING : COMMA, part]);
}

/** The entries of both sides in order, where no key is on both. */
export function mergeRaw(form: EntryForm, a: Buffer, b: Buffer): Buffer {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const merged = Buffer.allocUnsafe(a.length + COMMA.length + b.length);
  let end = 0;
  const put = ({ bytes }: RawEntry): void => {
    if (end > 0) end += COMMA.copy(merged, end);
    end += bytes.copy(merged, end);
  };
  let at = 0;
  for (const right of listRaw(form, b)) {
    for (
      let left = entryAt(form, a, at);
      left && Buffer.compare(left.key, right.key) < 0;
      left = entryAt(form, a, at)
    ) {
      put(left);
      at += left.bytes.length + 1;
    }
    put(right);
  }
  if (at < a.length) {
    end += COMMA.copy(merged, end);
    a.copy(merged, end, at);
  }
  return merged;
}

/**
 * Pairs of entries, one of each side, that are not the same bytes; undefined where a key is on one side only. Long
 * runs that are equal are skipped without looking at their entries.
 */
export function* differences(
  form: EntryForm,
  before: Buffer,
  after: Buffer,
): Generator<{ readonly before: RawEntry | undefined; readonly after: RawEntry | undefined }> {
  let a = 0;
  let b = 0;
  for (;;) {
    const same = sameRun(form, before, a, after, b);
    a += same;
    b += same;
    if (a >= before.length && b >= after.length) return;
    const left = entryAt(form, before, a);
    const right = entryAt(form, after, b);
    const order = !left ? 1 : !right ? -1 : Buffer.compare(left.key, right.key);
    if (order !== 0 || (left && right && !left.bytes.equals(right.bytes))) {
      yield { before: order <= 0 ? left : undefined, after: order >= 0 ? right : undefined };
    }
    if (left && order <= 0) a += left.bytes.length + 1;
    if (right && order >= 0) b += right.bytes.length + 1;
  }
}

const RUN = 16 * 1024;

/** Length of whole entries that both sides have in common from here, as far as that is seen cheaply. */
function sameRun(form: EntryForm, before: Buffer, a: number, after: Buffer, b: number): number {
  let same = 0;
  while (a + same + RUN <= before.length && b + same + RUN <= after.length) {
    const equal = before.compare(after, b + same, b + same + RUN, a + same, a + same + RUN) === 0;
    const last = equal ? lastStart(form, before, a + same, a + same + RUN) : undefined;
    if (last === undefined) break;
    same = last - a;
  }
  return same;
}

/** The last beginning of an entry in a range, after its start. */
function lastStart(form: EntryForm, entries: Buffer, from: number, to: number): number | undefined {
  let at = entries.lastIndexOf(SEPARATOR, to - SEPARATOR.length);
  while (at > from) {
    if (endsEntry(form, entries, at)) return at + 2;
    at = entries.lastIndexOf(SEPARATOR, at - 1);
  }
  return undefined;
}

function entryAt(form: EntryForm, entries: Buffer, start: number): RawEntry | undefined {
  if (start >= entries.length) return undefined;
  return { key: keyAt(entries, start), bytes: entries.subarray(start, endOfEntry(form, entries, start)) };
}

/** Where the entry of `key` begins, or where it would. `from` is the beginning of an entry. */
function search(
  form: EntryForm,
  entries: Buffer,
  key: Buffer,
  from: number,
): { start: number; found: boolean } {
  let low = from;
  // Entries that begin before `high` are still to be looked at; the one at `after` comes after the key.
  let high = entries.length;
  let after = entries.length;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const start = middle === low ? low : startOfEntry(form, entries, middle, high);
    if (start === undefined) {
      high = middle;
      continue;
    }
    const order = Buffer.compare(keyAt(entries, start), key);
    if (order === 0) return { start, found: true };
    if (order < 0) low = endOfEntry(form, entries, start) + 1;
    else after = high = start;
  }
  return { start: after, found: false };
}

/** The first beginning of an entry at or after `position` and before `high`. */
function startOfEntry(form: EntryForm, entries: Buffer, position: number, high: number): number | undefined {
  let at = entries.indexOf(SEPARATOR, position - 2);
  while (at >= 0 && at + 2 < high) {
    if (endsEntry(form, entries, at)) return at + 2;
    at = entries.indexOf(SEPARATOR, at + 1);
  }
  return undefined;
}

/** The position just behind the closing brace of the entry that begins at `start`. */
function endOfEntry(form: EntryForm, entries: Buffer, start: number): number {
  for (let at = entries.indexOf(SEPARATOR, start); at >= 0; at = entries.indexOf(SEPARATOR, at + 1)) {
    if (endsEntry(form, entries, at)) return at + 1;
  }
  return entries.length;
}

/** Whether the brace at `brace` closes an entry: `"length":<digits>` stands before it. */
function endsEntry({ closing }: EntryForm, entries: Buffer, brace: number): boolean {
  let at = brace;
  while (at > 0 && isDigit(entries[at - 1])) at--;
  return at < brace && at >= closing.length && entries.subarray(at - closing.length, at).equals(closing);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The raw bytes of the key of the entry that begins at `start`. */
export function keyAt(entries: Buffer, start: number): Buffer {
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

/** A string in canonical JSON: nothing but quotation marks and backslashes is escaped. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
