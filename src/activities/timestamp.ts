import { sweepStaging, updateTimestamp, type Repository } from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import type { TimestampActivities } from '../workflows/messages.js';
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
  return {
    timestamp: (options) =>
      runStep({ rollForward: true }, async () => {
        const record = await updateTimestamp(repository, signers, options);
        await sweepStaging(repository, 'timestamp');
        return { timestampVersion: record.meta['timestamp.json'].version };
      }),
  };
}
