import { eachAtOnce, fsyncDirectory, removeFile, sweepTemporary } from '../../files/index.js';
import type { RecordLog } from './record-log.js';
import type { BaseRecord } from './records.js';

export interface PruneLogOptions<T> {
  /** Removes, durably, what the next few records alone tell of: they are the list of what is still to be done. */
  readonly before?: (records: readonly T[]) => Promise<void>;
  readonly onRemoved?: (path: string) => void;
  readonly signal?: AbortSignal;
}

const AT_ONCE = 32;
/** So many records are removed between two marks: an interrupted run looks for so many again. */
const CHUNK = 1000;

/**
 * Removes the records below `first`, the oldest first. Can be killed anywhere and run again, and by several at once.
 *
 * A number that was pruned is free as a name, but must never be taken again: a worker that slept through it all would
 * fork the log. So the mark comes first; then what such a worker may have written under a temporary name before it
 * could see the mark is taken away; only then do the names go. Whoever writes its record after that sees the mark
 * ({@link RecordLog.append}) and goes higher.
 *
 * @returns how many were removed.
 */
export async function pruneLog<T extends BaseRecord>(
  log: RecordLog<T>,
  first: number,
  { before, onRemoved, signal }: PruneLogOptions<T> = {},
): Promise<number> {
  const { start } = log;
  await start.sweep();
  const from = await start.goneBelow();
  if (from >= first) return 0;
  // Made before the higher one, or a killed first run would hide where its records began.
  await start.mark(from);
  await start.mark(first);
  await sweepTemporary(log.directory, (name) => numberOf(name) < first);
  let removed = 0;
  for (let begin = from; begin < first; begin += CHUNK) {
    signal?.throwIfAborted();
    const end = Math.min(first, begin + CHUNK);
    if (before) await before(await present(log, begin, end));
    for (let number = begin; number < end; number++) {
      // One after the other: whoever finds a record gone may rely on it that the ones before it are, too.
      await removeFile(log.pathOf(number));
      onRemoved?.(log.pathOf(number));
      removed++;
    }
    await fsyncDirectory(log.directory);
    await start.mark(end);
    await start.forgetBelow(end);
  }
  return removed;
}

async function present<T extends BaseRecord>(log: RecordLog<T>, from: number, end: number): Promise<T[]> {
  const found = new Map<number, T>();
  const numbers = Array.from({ length: end - from }, (_, index) => from + index);
  await eachAtOnce(numbers, AT_ONCE, async (number) => {
    const record = await log.read(number);
    if (record) found.set(number, record);
  });
  return numbers.flatMap((number) => found.get(number) ?? []);
}

/** Of the record that a file was to become. */
function numberOf(final: string): number {
  return Number(/^([1-9]\d*)\.json$/.exec(final)?.[1] ?? Infinity);
}
