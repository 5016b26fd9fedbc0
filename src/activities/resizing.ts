import { resizeTargets, targetsVersion, type Repository, type TargetsSigners } from '../repository/index.js';
import type { ResizedTargets, ResizeRequest } from '../workflows/messages.js';
import type { oneAtATime } from './batched.js';
import { runStep } from './step.js';

/** Nothing but another configuration, or a repair, can help: said at once instead of tried again. */
const ANSWERED = ['no-key', 'key-not-in-root', 'threshold-not-met'];

/**
 * A resize as an activity. The work is done beside the commits of this process; only to look at the records, and for
 * the switch, it takes its turn among them.
 */
export function resizes(
  repository: Repository,
  signers: TargetsSigners,
  inTurn: ReturnType<typeof oneAtATime>,
): (request: ResizeRequest) => Promise<ResizedTargets> {
  return ({ count, style }) =>
    runStep({ answered: ANSWERED }, async ({ signal, update }) => {
      const { state, record, units, reused } = await resizeTargets(
        repository,
        signers,
        count === 0 ? undefined : { count, style },
        {
          inTurn,
          signal,
          onProgress: (files, totalFiles) => {
            update({ files, totalFiles });
          },
        },
      );
      return {
        state,
        commit: record.number,
        targetsVersion: await targetsVersion(repository, record),
        targets: record.targets,
        units,
        reused,
      };
    });
}
