import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError } from '../errors/index.js';
import { inboundDirectory, readInbound } from '../handover/index.js';
import {
  abortRelease,
  commitReleases,
  refreshTargets,
  resumeCommit,
  stageRelease,
  sweepStaging,
  targetsVersion,
  type CommitRecord,
  type Repository,
  type StagedRelease,
  type TargetsSigners,
} from '../repository/index.js';
import { MOVE_AGAIN, type CommitResult, type TargetsActivities } from '../workflows/messages.js';
import { batched, nowAndThen, oneAtATime } from './batched.js';
import { runStep } from './step.js';

export interface TargetsDependencies {
  readonly repository: Repository;
  readonly inboundPath: string;
  readonly giveUpAfter: number;
  readonly signers: TargetsSigners;
}

/** The steps of the targets role: the commit, the abort, and the refresh of targets metadata. */
export function createTargetsActivities(dependencies: TargetsDependencies): TargetsActivities {
  const { repository, inboundPath, giveUpAfter, signers } = dependencies;
  const inTurn = oneAtATime();
  /** Releases that are staged while another commit is under way share the next one. */
  const commit = batched((staged: readonly StagedRelease[]) =>
    inTurn(() => commitReleases(repository, signers, staged)),
  );
  const sweep = nowAndThen(() => sweepStaging(repository, 'targets'));
  /** What can wait until the answer is on its way. */
  const tidyUp = async (): Promise<void> => {
    await sweep();
    const latest = await repository.commits.latest();
    if (latest) await inTurn(() => repository.targetsState.checkpoint(latest));
  };
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
        const before = await inTurn(() => resumeCommit(repository, { timestamp, release }));
        if (before) {
          await tidyUp();
          return resultOf(before);
        }
        const { files, force } = await readInbound(inboundPath, timestamp, release);
        update({ totalFiles: files.length, totalBytes: files.reduce((sum, { length }) => sum + length, 0) });
        const directory = inboundDirectory(inboundPath, timestamp);
        const [first] = files;
        const link = first !== undefined && (await isOwn(join(directory, first.path)));
        const staged = await stageRelease(
          repository,
          { release, timestamp, force, directory, files, link },
          { onBytes: addBytes, onFile: addFile, signal },
        );
        const outcome = await commit(staged);
        await tidyUp();
        if (outcome.state === 'refused') throw outcome.error;
        return resultOf(outcome.record);
      }),

    abort: ({ timestamp, release, problem }) =>
      runStep({ rollForward: true }, async () => {
        const decided = await inTurn(() => abortRelease(repository, { timestamp, release }, problem));
        await tidyUp();
        return decided;
      }),

    refreshTargets: () =>
      runStep({ rollForward: true }, async () => {
        for (;;) {
          // A few bins at a time: releases are committed in between.
          const { record, more } = await inTurn(() => refreshTargets(repository, signers));
          if (!more) return resultOf(record);
        }
      }),
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
