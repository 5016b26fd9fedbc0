import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { TuflineError } from '../../errors/index.js';
import { linkOnce, makeDirectories, readIfPresent } from '../../files/index.js';
import type { RecordLog } from './record-log.js';
import type { BaseRecord, CommitRecord } from './records.js';

/**
 * Which record decided a release: `releases/<first two characters>/<release id>` is a hard link to that record. So the
 * answer costs one look however many releases there were, and outlives the record's own name when that is pruned.
 *
 * Whoever completes a record makes its links, before there can be a next one. Only the newest record may lack them.
 */
export interface ReleaseIndex {
  readonly directory: string;
}

export function releaseIndex(commits: string): ReleaseIndex {
  return { directory: join(commits, 'releases') };
}

/**
 * Makes the links of a record. Runs to the same end however often.
 * @param touched gets the directories that have to be fsynced before there may be a next record.
 */
export async function indexReleases(
  index: ReleaseIndex,
  log: RecordLog<CommitRecord>,
  { number, releases = [] }: BaseRecord,
  touched: Set<string>,
): Promise<void> {
  for (const { release } of releases) {
    const path = pathOf(index, release);
    const directory = dirname(path);
    if (!touched.has(directory)) await makeDirectories(directory, touched);
    touched.add(directory);
    // Taken: by this record, or by an earlier one, which is the truth then.
    const outcome = await linkOnce(log.pathOf(number), path);
    if (outcome !== 'source-gone') continue;
    log.forget();
    throw new TuflineError({
      code: 'missing-record',
      kind: 'transient',
      message: `The record ${log.pathOf(number)} is missing although it was just there.`,
      remedy: 'Restore this file from a backup or another copy of the state.',
      path: log.pathOf(number),
    });
  }
}

/** The record that decided a release, or undefined: complete for all records but the newest. */
export async function readIndexed(
  index: ReleaseIndex,
  log: RecordLog<CommitRecord>,
  release: string,
): Promise<CommitRecord | undefined> {
  const path = pathOf(index, release);
  const bytes = await readIfPresent(path);
  return bytes && log.parseFile(bytes, path);
}

/** Ids are made by the claim, in hexadecimal digits; whatever else comes must not lead out of the directory. */
function pathOf({ directory }: ReleaseIndex, release: string): string {
  const name = /^[A-Za-z0-9_-]{1,64}$/.test(release)
    ? release
    : createHash('sha256').update(release).digest('hex');
  return join(directory, name.slice(0, 2), name);
}
