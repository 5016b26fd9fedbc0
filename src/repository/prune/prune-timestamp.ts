import { pruneLog } from '../records/prune-log.js';
import type { Repository } from '../repository.js';
import { oldestKept } from './kept.js';
import { Tally, type Pruned, type PruneOptions } from './pruned.js';

/** Removes the records of timestamps that no client can hold any more. `timestamp.json` itself is only ever replaced. */
export async function pruneTimestamp(repository: Repository, options: PruneOptions = {}): Promise<Pruned> {
  const { olderThan, dryRun, onFile, signal } = options;
  const { timestamps } = repository;
  const { timestamp } = await oldestKept(repository, olderThan);
  const oldest = await timestamps.oldest();
  const tally = new Tally(onFile);
  if (oldest < timestamp.number)
    tally.records(timestamp.number - oldest, (await timestamps.read(oldest))?.time);
  if (!dryRun) {
    await pruneLog(timestamps, timestamp.number, {
      onRemoved: (path) => onFile?.(path, 0),
      ...(signal ? { signal } : {}),
    });
  }
  return tally.pruned;
}
