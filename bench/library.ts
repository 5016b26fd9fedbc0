import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  commitReleases,
  openRepository,
  stageRelease,
  updateSnapshot,
  updateTimestamp,
  type InboundFile,
  type Repository,
} from '../src/repository/index.js';
import type { Populated } from './populated.js';
import type { Population } from './population/index.js';
import { writeFiles } from './write-files.js';

/** Milliseconds of one release and of its parts. */
export interface LibraryTimes {
  readonly stage: number;
  readonly targets: number;
  readonly snapshot: number;
  readonly timestamp: number;
  readonly total: number;
}

export interface LibraryOptions {
  readonly releases: number;
  /** Of each of the two files. */
  readonly bytes: number;
  /** Releases before those that count. */
  readonly warmUp?: number;
  /** Number of the first release: each may be published once. */
  readonly first?: number;
}

/**
 * Releases without Temporal, in one process that has been there for a while: each role has a repository of its own,
 * with its own cache, as its worker has. A release is the next version of a package: a zip that is new and a list that
 * replaces one.
 */
export async function libraryTimes(
  directory: string,
  made: Populated,
  population: Population,
  { releases, bytes, warmUp = 3, first = 0 }: LibraryOptions,
): Promise<LibraryTimes[]> {
  const open = (): Repository => openRepository(made.options);
  const roles = { targets: open(), snapshot: open(), timestamp: open() };
  const times: LibraryTimes[] = [];
  for (let number = first; number < first + releases + warmUp; number++) {
    const inbound = join(directory, 'inbound', String(number));
    const files: InboundFile[] = [];
    for (const [from, path] of await writeFiles(inbound, population, number, bytes)) {
      const sha256 = createHash('sha256')
        .update(await readFile(from))
        .digest('hex');
      files.push({ path, length: bytes, hashes: { sha256 } });
    }
    const begun = performance.now();
    const staged = await stageRelease(roles.targets, {
      release: `bench${String(number)}`,
      timestamp: `20991231T000000.000Z-${String(number).padStart(6, '0')}`,
      force: false,
      directory: inbound,
      files,
      link: false,
    });
    const afterStage = performance.now();
    const [outcome] = await commitReleases(roles.targets, made.signers, [staged]);
    if (outcome?.state !== 'committed') throw outcome?.error ?? new Error('nothing was committed');
    const afterTargets = performance.now();
    const atLeastCommit = outcome.record.number;
    const snapshot = await updateSnapshot(roles.snapshot, made.signers.snapshot, { atLeastCommit });
    const afterSnapshot = performance.now();
    await updateTimestamp(roles.timestamp, made.signers.timestamp, { atLeastSnapshot: snapshot.number });
    const ended = performance.now();
    if (number < first + warmUp) continue;
    times.push({
      stage: afterStage - begun,
      targets: afterTargets - afterStage,
      snapshot: afterSnapshot - afterTargets,
      timestamp: ended - afterSnapshot,
      total: ended - begun,
    });
  }
  return times;
}
