import {
  sweepStaging,
  updateTimestamp,
  type Repository,
  type TimestampOptions,
} from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import type { TimestampActivities } from '../workflows/messages.js';
import { batched, nowAndThen } from './batched.js';
import { runStep } from './step.js';

export interface TimestampDependencies {
  readonly repository: Repository;
  readonly signers: readonly Signer[];
}

/** The step of the timestamp role: what it puts in place is what clients see. */
export function createTimestampActivities({
  repository,
  signers,
}: TimestampDependencies): TimestampActivities {
  /** One timestamp shows all that wait for one. */
  const update = batched(async (wanted: readonly TimestampOptions[]) => {
    const record = await updateTimestamp(repository, signers, {
      atLeastSnapshot: Math.max(...wanted.map(({ atLeastSnapshot = 1 }) => atLeastSnapshot)),
      renew: wanted.some(({ renew }) => renew),
    });
    return wanted.map(() => record);
  });
  const sweep = nowAndThen(() => sweepStaging(repository, 'timestamp'));
  return {
    timestamp: (options) =>
      runStep({ rollForward: true }, async () => {
        const record = await update(options);
        await sweep();
        return { timestampVersion: record.meta['timestamp.json'].version };
      }),
  };
}
