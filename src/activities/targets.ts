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
  type CommitRecord,
  type Repository,
} from '../repository/index.js';
import type { Signer } from '../signers/index.js';
import { MOVE_AGAIN, type CommitResult, type TargetsActivities } from '../workflows/messages.js';
import { runStep } from './step.js';

export interface TargetsDependencies {
  readonly repository: Repository;
  readonly inboundPath: string;
  readonly giveUpAfter: number;
  readonly signers: readonly Signer[];
}

/** The steps of the targets role: the commit, the abort, and the refresh of targets metadata. */
export function createTargetsActivities(dependencies: TargetsDependencies): TargetsActivities {
  const { repository, inboundPath, giveUpAfter, signers } = dependencies;
  return {
    targets: ({ timestamp, release }) =>
      runStep({ giveUpAfter, answered: MOVE_AGAIN }, async ({ signal, update, addBytes, addFile }) => {
        const before = await resumeCommit(repository, { timestamp, release });
        if (before) {
          await sweepStaging(repository, 'targets');
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
        const record = await commitReleases(repository, signers, [staged]);
        await sweepStaging(repository, 'targets');
        return resultOf(record);
      }),

    abort: ({ timestamp, release, problem }) =>
      runStep({ rollForward: true }, async () => {
        const decided = await abortRelease(repository, { timestamp, release }, problem);
        await sweepStaging(repository, 'targets');
        return decided;
      }),

    refreshTargets: () =>
      runStep({ rollForward: true }, async () => resultOf(await refreshTargets(repository, signers))),
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

function resultOf({ number, meta, targets }: CommitRecord): CommitResult {
  return { commit: number, targetsVersion: meta['targets.json'].version, targets };
}
