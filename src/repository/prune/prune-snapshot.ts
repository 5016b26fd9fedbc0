import { pruneLog } from '../records/prune-log.js';
import type { SnapshotRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { oldestKept } from './kept.js';
import { Tally, type Pruned, type PruneOptions } from './pruned.js';
import { removeMetadata } from './remove-metadata.js';

const FILE = 'snapshot.json';

/** Removes the snapshots that no client asks for any more: the metadata first, as its record is what tells of it. */
export async function pruneSnapshot(repository: Repository, options: PruneOptions = {}): Promise<Pruned> {
  const { olderThan, dryRun = false, onFile, signal } = options;
  const { snapshots } = repository;
  const { snapshot: kept } = await oldestKept(repository, olderThan);
  const oldest = await snapshots.oldest();
  const tally = new Tally(onFile);
  if (oldest < kept.number) tally.records(kept.number - oldest, (await snapshots.read(oldest))?.time);

  const remove = async (records: readonly SnapshotRecord[]): Promise<void> => {
    const versions = records
      .map(({ meta }) => ({ file: FILE, version: meta[FILE].version }))
      .filter(({ version }) => version < kept.meta[FILE].version);
    await removeMetadata(repository, versions, tally, dryRun);
  };
  if (dryRun) {
    for await (const record of snapshots.from(oldest)) {
      if (record.number >= kept.number) break;
      await remove([record]);
    }
  } else await pruneLog(snapshots, kept.number, { before: remove, ...(signal ? { signal } : {}) });
  return tally.pruned;
}
