import {
  pruneSnapshot,
  sweepStaging,
  updateSnapshot,
  type Repository,
  type SnapshotOptions,
} from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import type { SnapshotActivities, SnapshotPruning } from '../workflows/messages.js';
import { batched, tidiedUp } from './batched.js';
import { prunes } from './pruning.js';
import { runStep } from './step.js';

export interface SnapshotDependencies {
  readonly repository: Repository;
  readonly signers: readonly Signer[];
}

/** The step of the snapshot role. */
export function createSnapshotActivities({
  repository,
  signers,
}: SnapshotDependencies): SnapshotActivities & SnapshotPruning {
  /** One snapshot includes all that wait for one. */
  const update = batched(async (wanted: readonly SnapshotOptions[]) => {
    const record = await updateSnapshot(repository, signers, {
      atLeastCommit: Math.max(...wanted.map(({ atLeastCommit = 1 }) => atLeastCommit)),
      renew: wanted.some(({ renew }) => renew),
    });
    return wanted.map(() => record);
  });
  const tidily = tidiedUp(() => sweepStaging(repository, 'snapshot'));
  return {
    snapshot: (options) =>
      runStep({ rollForward: true }, async () => {
        const record = await tidily(() => update(options));
        return { record: record.number, snapshotVersion: record.meta['snapshot.json'].version };
      }),

    pruneSnapshot: prunes((request) => pruneSnapshot(repository, request)),
  };
}
