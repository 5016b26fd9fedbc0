import { TuflineError } from '../../errors/index.js';
import { timeLeft } from '../expiry.js';
import type { SnapshotRecord, TimestampRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { isRedoPending } from '../staging/install.js';

/** The oldest of what clients may still ask for: this and everything after it stays. */
export interface Kept {
  readonly timestamp: TimestampRecord;
  readonly snapshot: SnapshotRecord;
}

/**
 * A client that has loaded a timestamp goes on to what that one shows, until it expires. So kept is what any timestamp
 * shows that has not expired, or was superseded less than the grace period ago, and everything after the first of them.
 *
 * @param olderThan milliseconds: a longer grace period than the configured one.
 * @throws transient `expired-metadata` where the newest timestamp has expired: either nobody has signed for long, and
 *   then there is no hurry, or this machine's clock is wrong, and then it may not say what is old.
 */
export async function oldestKept(repository: Repository, olderThan = 0): Promise<Kept> {
  const timestamp = await oldestShown(repository, Math.max(repository.options.pruneAfter, olderThan));
  return { timestamp, snapshot: await repository.snapshots.mustRead(timestamp.snapshot) };
}

async function oldestShown(repository: Repository, grace: number): Promise<TimestampRecord> {
  const { timestamps } = repository;
  const now = repository.now();
  const newest = await timestamps.latest();
  if (!newest || timeLeft(expiryOf(newest), now) <= 0) throw expired(newest);
  // Recorded is not yet shown.
  const shown = (await isRedoPending(repository, newest)) ? newest.number - 1 : newest.number;
  let before: TimestampRecord | undefined;
  // From the oldest on: whatever a clock said in between, nothing goes that comes after one to be kept.
  for await (const record of timestamps.from(await timestamps.oldest())) {
    const isKept =
      before && (timeLeft(expiryOf(before), now) > 0 || now.getTime() - Date.parse(record.time) < grace);
    if (before && isKept) return before;
    if (record.number >= shown) return record;
    before = record;
  }
  return newest;
}

function expiryOf({ meta }: TimestampRecord): string {
  return meta['timestamp.json'].expires;
}

function expired(newest: TimestampRecord | undefined): TuflineError {
  return new TuflineError({
    code: 'expired-metadata',
    kind: 'transient',
    message: newest
      ? `The newest timestamp expired on ${expiryOf(newest)}, so nothing is pruned.`
      : 'There is no timestamp yet, so nothing is pruned.',
    remedy: 'The scan has it signed anew; check that the workers run, and the clock of this machine.',
  });
}
