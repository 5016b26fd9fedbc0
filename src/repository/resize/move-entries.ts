import { setImmediate as breathe } from 'node:timers/promises';
import { listRaw, mergeRaw } from '../metadata/entries.js';
import { binOf, type HashBins } from '../metadata/hash-bins.js';
import { TARGET_FORM } from '../metadata/target-entries.js';

/** Entries that are to lie in several bins, not yet copied there. */
export interface Split {
  /** Number of targets. */
  readonly count: number;
  /** Raw bytes of the entries of a bin, in order. */
  readonly entriesOf: (bin: number) => Buffer;
}

/** So many entries are looked at before whoever waits for this process gets a turn: heartbeats have to go on. */
const AT_A_STRETCH = 50_000;
const NO_ENTRIES = Buffer.alloc(0);
const COMMA = Buffer.from(',');

/** The entries of several files in one, in order. Takes them two at a time: no entry is kept as an object. */
export async function mergeEntries(files: readonly Buffer[]): Promise<Buffer> {
  let left = files;
  while (left.length > 1) {
    const merged: Buffer[] = [];
    for (let index = 0; index < left.length; index += 2) {
      merged.push(mergeRaw(TARGET_FORM, left[index] ?? NO_ENTRIES, left[index + 1] ?? NO_ENTRIES));
      await breathe();
    }
    left = merged;
  }
  return left[0] ?? NO_ENTRIES;
}

/** How many targets there are. */
export async function countEntries(entries: Buffer): Promise<number> {
  let count = 0;
  for (const _ of listRaw(TARGET_FORM, entries)) if (++count % AT_A_STRETCH === 0) await breathe();
  return count;
}

/**
 * Tells for each entry into which bin it goes. What is kept are a few numbers an entry; its bytes are copied when its
 * bin is asked for. Within a bin the order stays.
 */
export async function splitEntries(entries: Buffer, bins: HashBins): Promise<Split> {
  const starts: number[] = [];
  const binOfEntry: number[] = [];
  const sizes = new Map<number, number>();
  let start = 0;
  for (const { key, bytes } of listRaw(TARGET_FORM, entries)) {
    const bin = binOf(bins, key);
    starts.push(start);
    binOfEntry.push(bin);
    sizes.set(bin, (sizes.get(bin) ?? 0) + 1);
    start += bytes.length + COMMA.length;
    if (starts.length % AT_A_STRETCH === 0) await breathe();
  }
  const byBin = sortedBy(binOfEntry, sizes);
  const endOf = (entry: number): number =>
    (starts[entry + 1] ?? entries.length + COMMA.length) - COMMA.length;
  const entriesOf = (bin: number): Buffer => {
    const own = byBin(bin);
    let length = -COMMA.length;
    for (const entry of own) length += COMMA.length + endOf(entry) - (starts[entry] ?? 0);
    const copy = Buffer.allocUnsafe(Math.max(0, length));
    let end = 0;
    for (const entry of own) {
      if (end > 0) end += COMMA.copy(copy, end);
      end += entries.copy(copy, end, starts[entry], endOf(entry));
    }
    return copy;
  };
  return { count: starts.length, entriesOf };
}

/** Numbers of the entries of each bin, in order: all of them in one array, bin after bin. */
function sortedBy(
  binOfEntry: readonly number[],
  sizes: ReadonlyMap<number, number>,
): (bin: number) => Uint32Array {
  const ends = new Map<number, number>();
  let place = 0;
  for (const [bin, size] of sizes) {
    ends.set(bin, place);
    place += size;
  }
  const sorted = new Uint32Array(binOfEntry.length);
  for (const [entry, bin] of binOfEntry.entries()) {
    const end = ends.get(bin) ?? 0;
    sorted[end] = entry;
    ends.set(bin, end + 1);
  }
  return (bin) => {
    const end = ends.get(bin) ?? 0;
    return sorted.subarray(end - (sizes.get(bin) ?? 0), end);
  };
}
