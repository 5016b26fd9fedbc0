import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError } from '../errors/index.js';
import { inboundDirectory, readInbound } from '../handover/index.js';
import {
  abortRelease,
  commitReleases,
  pruneTargets,
  refreshTargets,
  resumeCommit,
  stageRelease,
  sweepStaging,
  targetsVersion,
  type CommitOutcome,
  type CommitRecord,
  type Repository,
  type StagedRelease,
  type TargetsSigners,
} from '../repository/index.js';
import {
  MOVE_AGAIN,
  type CommitResult,
  type TargetsActivities,
  type TargetsPruning,
  type TargetsResizing,
} from '../workflows/messages.js';
import { batched, oneAtATime, tidiedUp } from './batched.js';
import { prunes } from './pruning.js';
import { resizes } from './resizing.js';
import { runStep } from './step.js';

export interface TargetsDependencies {
  readonly repository: Repository;
  readonly inboundPath: string;
  readonly giveUpAfter: number;
  readonly signers: TargetsSigners;
}

/** The steps of the targets role: the commit, the abort, and the refresh of targets metadata. */
export function createTargetsActivities(
  dependencies: TargetsDependencies,
): TargetsActivities & TargetsPruning & TargetsResizing {
  const { repository, inboundPath, giveUpAfter, signers } = dependencies;
  const inTurn = oneAtATime();
  /** Releases that are staged while another commit is under way share the next one. */
  const commit = batched((staged: readonly StagedRelease[]) =>
    inTurn(() => commitReleases(repository, signers, staged)),
  );
  const resize = resizes(repository, signers, inTurn);
  const tidily = tidiedUp(async () => {
    await sweepStaging(repository, 'targets');
    const latest = await repository.commits.latest();
    if (latest) await inTurn(() => repository.targetsState.checkpoint(latest));
  });
  const resultOf = async (record: CommitRecord): Promise<CommitResult> => {
    const { number, meta, hash_bins: hashBins, targets } = record;
    return {
      commit: number,
      targetsVersion: await targetsVersion(repository, record),
      bins: hashBins ? Object.keys(meta).filter((name) => name !== 'targets.json').length : 0,
      targets,
    };
  };

  return {
    targets: ({ timestamp, release }) =>
      runStep({ giveUpAfter, answered: MOVE_AGAIN }, async ({ signal, update, addBytes, addFile }) => {
        const outcome = await tidily(async (): Promise<CommitOutcome> => {
          const before = await inTurn(() => resumeCommit(repository, { timestamp, release }));
          if (before) return { state: 'committed', record: before };
          const { files, force } = await readInbound(inboundPath, timestamp, release);
          const totalBytes = files.reduce((sum, { length }) => sum + length, 0);
          update({ totalFiles: files.length, totalBytes });
          const directory = inboundDirectory(inboundPath, timestamp);
          const [first] = files;
          const link = first !== undefined && (await isOwn(join(directory, first.path)));
          const staged = await stageRelease(
            repository,
            { release, timestamp, force, directory, files, link },
            { onBytes: addBytes, onAdopted: addBytes, onFile: addFile, signal },
          );
          return commit(staged);
        });
        if (outcome.state === 'refused') throw outcome.error;
        return resultOf(outcome.record);
      }),

    abort: ({ timestamp, release, problem }) =>
      runStep({ rollForward: true }, () =>
        tidily(() => inTurn(() => abortRelease(repository, { timestamp, release }, problem))),
      ),

    refreshTargets: () =>
      runStep({ rollForward: true }, async () => {
        for (;;) {
          // A few bins at a time: releases are committed in between.
          const { record, more } = await inTurn(() => refreshTargets(repository, signers));
          if (!more) return resultOf(record);
        }
      }),

    resize: (request) => tidily(() => resize(request)),

    pruneTargets: prunes((request) => pruneTargets(repository, { ...request, inTurn })),
  };
}

/** Whether this user wrote the inbound copy itself, so that nobody less trusted can change it after it was hashed. */
async function isOwn(path: string): Promise<boolean> {
  try {
    return (await stat(path)).uid === process.getuid?.();
  } catch (error) {
    throw ioError(error, 'look at', path);
  }
}
