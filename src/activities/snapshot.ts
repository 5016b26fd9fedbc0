import { sweepStaging, updateSnapshot, type Repository, type SnapshotOptions } from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import type { SnapshotActivities } from '../workflows/messages.js';
import { batched, nowAndThen } from './batched.js';
import { runStep } from './step.js';

export interface SnapshotDependencies {
  readonly repository: Repository;
  readonly signers: readonly Signer[];
}

/** The step of the snapshot role. */
export function createSnapshotActivities({ repository, signers }: SnapshotDependencies): SnapshotActivities {
  /** One snapshot includes all that wait for one. */
  const update = batched(async (wanted: readonly SnapshotOptions[]) => {
    const record = await updateSnapshot(repository, signers, {
      atLeastCommit: Math.max(...wanted.map(({ atLeastCommit = 1 }) => atLeastCommit)),
      renew: wanted.some(({ renew }) => renew),
    });
    return wanted.map(() => record);
  });
  const sweep = nowAndThen(() => sweepStaging(repository, 'snapshot'));
  return {
    snapshot: (options) =>
      runStep({ rollForward: true }, async () => {
        const record = await update(options);
        await sweep();
        return { record: record.number, snapshotVersion: record.meta['snapshot.json'].version };
      }),
  };
}
