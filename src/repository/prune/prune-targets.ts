import { listRaw } from '../metadata/entries.js';
import { META_FORM, parseMetaEntry } from '../metadata/meta-entries.js';
import { pruneLog } from '../records/prune-log.js';
import type { SnapshotMetadata } from '../metadata/snapshot.js';
import type { Repository } from '../repository.js';
import { mustLoadSnapshot } from '../roles/load-snapshot.js';
import { oldestKept } from './kept.js';
import type { Copies } from './kept-targets.js';
import { Tally, type Pruned, type PruneOptions } from './pruned.js';
import { removeUnlisted, type InTurn, type RemoveCopies } from './remove-copies.js';
import { removeMetadata, type MetadataVersion } from './remove-metadata.js';
import { SupersededTargets } from './superseded-targets.js';

export interface PruneTargetsOptions extends PruneOptions {
  /** Where this process commits releases as well: the turn to commit. */
  readonly inTurn?: InTurn;
}

/** Commits that are dealt with before their records go: what an interrupted run looks at again. */
const SEGMENT = 5000;
/** Kept in memory at most; looking for them in kept metadata costs the same for many as for one. */
const COPIES_AT_ONCE = 20_000;
const VERSIONS_AT_ONCE = 5000;

/**
 * Removes what the targets role has superseded: target files, then the metadata that listed them, then the records
 * that made this metadata. That order is what an interrupted run goes on by: a record tells which metadata was
 * superseded, and that metadata tells which files were.
 */
export async function pruneTargets(
  repository: Repository,
  options: PruneTargetsOptions = {},
): Promise<Pruned> {
  const { olderThan, dryRun = false, onFile, signal, inTurn = atOnce } = options;
  const { commits, targetsState } = repository;
  const { snapshot } = await oldestKept(repository, olderThan);
  const oldest = versionsIn(await mustLoadSnapshot(repository, snapshot.meta['snapshot.json']));
  const superseded = new SupersededTargets(repository, oldest);
  const tally = new Tally(onFile);
  const remove: RemoveCopies = { oldest, tally, dryRun, inTurn, signal };
  const stopping = signal ? { signal } : {};
  // What an interrupted run has left below its mark.
  if (!dryRun) await pruneLog(commits, await commits.oldest(), stopping);
  // The record of that commit stays, with a checkpoint that stands for all before it.
  for (let begin = await commits.oldest(); begin < snapshot.commit;) {
    const end = Math.min(snapshot.commit, begin + SEGMENT);
    await removeSuperseded(repository, superseded, remove, begin, end);
    tally.records(end - begin, (await commits.read(begin))?.time);
    if (!dryRun) {
      await targetsState.replaceRecordsBefore(await commits.mustRead(end));
      await pruneLog(commits, end, stopping);
    }
    begin = end;
  }
  if (!dryRun) await targetsState.pruneCheckpoints();
  return tally.pruned;
}

function atOnce<T>(run: () => Promise<T>): Promise<T> {
  return run();
}

/** What the commits after `begin` up to `end` have superseded. */
async function removeSuperseded(
  repository: Repository,
  superseded: SupersededTargets,
  remove: RemoveCopies,
  begin: number,
  end: number,
): Promise<void> {
  const copies: Copies = new Map();
  const versions: MetadataVersion[] = [];
  const flush = async (): Promise<void> => {
    await removeUnlisted(repository, copies, remove);
    await removeMetadata(repository, versions, remove.tally, remove.dryRun);
    copies.clear();
    versions.length = 0;
  };
  for await (const record of repository.commits.from(begin + 1)) {
    if (record.number > end) break;
    remove.signal?.throwIfAborted();
    for await (const found of superseded.by(record)) {
      if (found.version) versions.push(found.version);
      else copies.set(found.path, (copies.get(found.path) ?? new Set()).add(found.copy));
      if (copies.size >= COPIES_AT_ONCE || versions.length >= VERSIONS_AT_ONCE) await flush();
    }
  }
  await flush();
}

/** The version of each file that a snapshot lists. */
function versionsIn({ entries }: SnapshotMetadata): Map<string, number> {
  const versions = new Map<string, number>();
  for (const { bytes } of listRaw(META_FORM, entries)) {
    const { name, meta } = parseMetaEntry(bytes);
    versions.set(name, meta.version);
  }
  return versions;
}
