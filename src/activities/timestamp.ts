import {
  pruneTimestamp,
  sweepStaging,
  updateTimestamp,
  type Repository,
  type TimestampOptions,
} from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import type { TimestampActivities, TimestampPruning } from '../workflows/messages.js';
import { batched, tidiedUp } from './batched.js';
import { prunes } from './pruning.js';
import { runStep } from './step.js';

export interface TimestampDependencies {
  readonly repository: Repository;
  readonly signers: readonly Signer[];
}

/** The step of the timestamp role: what it puts in place is what clients see. */
export function createTimestampActivities({
  repository,
  signers,
}: TimestampDependencies): TimestampActivities & TimestampPruning {
  /** One timestamp shows all that wait for one. */
  const update = batched(async (wanted: readonly TimestampOptions[]) => {
    const record = await updateTimestamp(repository, signers, {
      atLeastSnapshot: Math.max(...wanted.map(({ atLeastSnapshot = 1 }) => atLeastSnapshot)),
      renew: wanted.some(({ renew }) => renew),
    });
    return wanted.map(() => record);
  });
  const tidily = tidiedUp(() => sweepStaging(repository, 'timestamp'));
  return {
    timestamp: (options) =>
      runStep({ rollForward: true }, async () => {
        const record = await tidily(() => update(options));
        return { timestampVersion: record.meta['timestamp.json'].version };
      }),

    pruneTimestamp: prunes((request) => pruneTimestamp(repository, request)),
  };
}
