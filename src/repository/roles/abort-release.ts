import { decided } from '../decision.js';
import type { Problem, ReleaseEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { redo } from '../staging/install.js';
import { currentTargets } from './current-targets.js';

export interface AbortDecision {
  /** Whichever of commit and abort was recorded first. */
  readonly decision: 'aborted' | 'committed';
  readonly commit: number;
  /** Of the abort that was recorded. */
  readonly problem?: Problem;
}

/** Records that a release will never be committed, unless it has been: whichever is first is the truth. */
export async function abortRelease(
  repository: Repository,
  { release, timestamp }: Pick<ReleaseEntry, 'release' | 'timestamp'>,
  { code, message, remedy }: Problem,
): Promise<AbortDecision> {
  for (;;) {
    const { latest, state } = await currentTargets(repository);
    const before = await decided(repository, latest, release);
    if (before) {
      const { decision, record } = before;
      return { decision, commit: record.number, ...(record.problem ? { problem: record.problem } : {}) };
    }
    const record = {
      format: 1 as const,
      number: latest.number + 1,
      kind: 'abort' as const,
      time: repository.now().toISOString(),
      stages: [],
      releases: [{ release, timestamp, files: 0, bytes: 0 }],
      problem: { code, message, remedy },
      meta: {},
      ...(state.hashBins ? { hash_bins: state.hashBins } : {}),
      targets: state.targets,
    };
    if (await repository.commits.append(record)) await redo(repository, record);
  }
}
