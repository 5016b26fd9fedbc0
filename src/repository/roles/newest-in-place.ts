import { TuflineError } from '../../errors/index.js';
import type { RecordLog } from '../records/record-log.js';
import type { BaseRecord } from '../records/records.js';
import type { Repository } from '../repository.js';

/**
 * What a role includes of the role below it: the newest record whose metadata lies in its place, from the newest
 * downwards. One that is still being put there by another release is left for that release's own step.
 *
 * @param lowest number of the record that has to be included at least.
 * @param verify throws where the metadata must not be included; false where it is not in place yet.
 * @param below the role that wrote the records.
 * @throws transient `record-not-visible`, `targets-not-in-place`, `snapshot-not-in-place`.
 */
export async function newestInPlace<T extends BaseRecord>(
  repository: Repository,
  log: RecordLog<T>,
  lowest: number,
  verify: (record: T) => Promise<boolean>,
  below: 'targets' | 'snapshot',
): Promise<T> {
  const newest = await log.latest();
  if (!newest || newest.number < lowest) throw notVisible(log.directory, lowest);
  for (let number = newest.number; number >= lowest; number--) {
    const record = await log.read(number);
    if (!record) throw notVisible(log.directory, number);
    if (await verify(record)) return record;
  }
  throw new TuflineError({
    code: `${below}-not-in-place`,
    kind: 'transient',
    message: `The ${below} metadata of record ${String(lowest)} is not in ${repository.paths.metadata} yet.`,
    remedy: `The ${below} worker puts it there; check that it runs. The step is tried again by itself.`,
  });
}

function notVisible(directory: string, number: number): TuflineError {
  return new TuflineError({
    code: 'record-not-visible',
    kind: 'transient',
    message: `The record ${String(number)}.json cannot be seen in ${directory}.`,
    remedy:
      'On a network file system it appears within seconds; check that this worker mounts the same state directory.',
    path: directory,
  });
}
