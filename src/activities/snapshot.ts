import { sweepStaging, updateSnapshot, type Repository } from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import type { SnapshotActivities } from '../workflows/messages.js';
import { runStep } from './step.js';

export interface SnapshotDependencies {
  readonly repository: Repository;
  readonly signers: readonly Signer[];
}

/** The step of the snapshot role. */
export function createSnapshotActivities({ repository, signers }: SnapshotDependencies): SnapshotActivities {
  return {
    snapshot: (options) =>
      runStep({ rollForward: true }, async () => {
        const record = await updateSnapshot(repository, signers, options);
        await sweepStaging(repository, 'snapshot');
        return { record: record.number, snapshotVersion: record.meta['snapshot.json'].version };
      }),
  };
}
