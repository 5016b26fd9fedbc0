import {
  claimRelease,
  cleanUpRelease,
  describeReady,
  listTimestamps,
  moveRelease,
  putBackRelease,
  SeenClaims,
  sweepHandover,
  type DecisionOf,
} from '../handover/index.js';
import type { HashAlgorithm } from '../files/index.js';
import { basename } from 'node:path';
import { TuflineError } from '../errors/index.js';
import { decisionOf, due, isPublished, type Due, type Repository } from '../repository/index.js';
import type { MonitorActivities, ReadyDirectory } from '../workflows/messages.js';
import { runStep } from './step.js';

export interface MonitorDependencies {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly hashAlgorithms: readonly HashAlgorithm[];
  readonly giveUpAfter: number;
  /** Read only: the monitor asks what was decided and when roles expire. */
  readonly repository: Repository;
}

const SWEEP_EVERY = 60_000;

/** The monitor's steps: everything but signing. It holds no key. */
export function createMonitorActivities(dependencies: MonitorDependencies): MonitorActivities {
  const { postToTufPath, inboundPath, hashAlgorithms, giveUpAfter, repository } = dependencies;
  const paths = { postToTufPath, inboundPath };
  const decide: DecisionOf = (release) => decisionOf(repository, release);
  const seen = new SeenClaims();
  let sweptAt = 0;
  /** Records that cannot be read hold up the step that needs them, where the trouble shows, and not every claim. */
  const dueUnless = async (isBusy: boolean): Promise<Due | undefined> => {
    try {
      return await due(repository);
    } catch (error) {
      if (isBusy) return undefined;
      throw error;
    }
  };

  return {
    scan: ({ max }) =>
      runStep({ rollForward: true }, async () => {
        const processing = await listTimestamps(postToTufPath, 'processing');
        const waiting = (await listTimestamps(postToTufPath, 'ready')).filter(
          (timestamp) => !processing.includes(timestamp),
        );
        if (processing.length === 0 && Date.now() - sweptAt > SWEEP_EVERY) {
          sweptAt = Date.now();
          await sweepHandover(paths, { decisionOf: decide, published: (id) => isPublished(repository, id) });
        }
        const ready: ReadyDirectory[] = [];
        for (const timestamp of waiting) {
          if (ready.length >= max) break;
          const directory = await describeReady(postToTufPath, timestamp);
          if (directory) ready.push(directory);
        }
        const found = await dueUnless(ready.length + processing.length > 0);
        return { processing, ready, readyCount: waiting.length, ...(found ? { due: found } : {}) };
      }),

    claim: ({ timestamp, max, regardless = false }) =>
      runStep({ giveUpAfter }, async () => {
        const outcome = await claimRelease({
          ...paths,
          timestamp,
          max,
          regardless,
          decisionOf: decide,
          seen,
        });
        if (outcome.state === 'absent') return outcome;
        const { release, files, problem } = outcome.claim;
        return {
          state: outcome.state,
          timestamp,
          release,
          files: files.length,
          bytes: files.reduce((sum, { size }) => sum + size, 0),
          ...(problem ? { problem } : {}),
        };
      }),

    move: ({ timestamp, release }) =>
      runStep({ giveUpAfter }, async ({ signal, update, addBytes, addFile }) => {
        const moved = await moveRelease({
          ...paths,
          timestamp,
          release,
          hashAlgorithms,
          decisionOf: decide,
          signal,
          onStart: (totalFiles, totalBytes) => {
            update({ totalFiles, totalBytes });
          },
          onBytes: addBytes,
          onAdopted: addBytes,
          onFile: addFile,
        });
        const files = moved?.files ?? [];
        return { files: files.length, bytes: files.reduce((sum, { length }) => sum + length, 0) };
      }),

    cleanup: ({ timestamp, release }) =>
      runStep({ rollForward: true }, async () => {
        await mustBePublished(repository, timestamp, release);
        const { left } = await cleanUpRelease({ ...paths, timestamp, release });
        return { left: left.length, names: left.slice(0, 3) };
      }),

    putBack: ({ timestamp, release, problem }) =>
      runStep({ rollForward: true }, async () => {
        const directory = await putBackRelease({ ...paths, timestamp, release }, problem);
        return directory === undefined ? {} : { directory: basename(directory) };
      }),
  };
}

/**
 * The records have the last word before anything is deleted, not the history of a workflow: the repository may have
 * been restored from a backup in between.
 */
async function mustBePublished(repository: Repository, timestamp: string, release: string): Promise<void> {
  if (await isPublished(repository, release)) return;
  throw new TuflineError({
    code: 'not-published',
    kind: 'transient',
    message: `The records do not show that clients see the release ${timestamp} (${release}), so its files stay.`,
    remedy:
      'On a network file system that shows within seconds. After a restore from a backup terminate this workflow: the next scan publishes the release anew.',
  });
}
