import { setCurrentDetails } from '@temporalio/workflow';
import { resizersOf } from './activities.js';
import { failureOf, problemOf } from './failures.js';
import type { ResizedTargets, ResizeInput, ResizeResult } from './messages.js';
import { count } from './words.js';

/**
 * Spreads the targets over another number of metadata files. Clients see nothing of it before the last step, and then
 * all of it; releases go on meanwhile. Cancelled or ended in any way, the next one goes on with what this one has done.
 */
export async function resize({ name, ...request }: ResizeInput): Promise<ResizeResult> {
  const { targets, snapshot, timestamp } = resizersOf(name);
  const rows: string[] = [];
  const show = (step: string, outcome: string): void => {
    rows.push(`| ${step} | ${outcome} |`);
    setCurrentDetails(['| step | outcome |', '|---|---|', ...rows].join('\n'));
  };
  try {
    const resized = await targets.resize.executeWithOptions(
      { activityId: 'resize', summary: `Spread the targets over ${layoutInWords(request.count)}` },
      [request],
    );
    show('resize', inWords(resized));
    const { record, snapshotVersion } = await snapshot.snapshot.executeWithOptions(
      { activityId: 'snapshot', summary: 'Sign the snapshot' },
      [{ atLeastCommit: resized.commit }],
    );
    show('snapshot', `version ${String(snapshotVersion)}`);
    const { timestampVersion } = await timestamp.timestamp.executeWithOptions(
      { activityId: 'timestamp', summary: 'Sign the timestamp' },
      [{ atLeastSnapshot: record }],
    );
    show('timestamp', `version ${String(timestampVersion)}`);
    return { ...resized, snapshotVersion, timestampVersion };
  } catch (error) {
    const problem = problemOf(error);
    throw problem ? failureOf(problem) : error;
  }
}

function layoutInWords(bins: number): string {
  return bins === 0 ? 'one file' : count(bins, 'bin');
}

function inWords({ state, commit, targets, units, reused }: ResizedTargets): string {
  if (state === 'there') return 'was done already';
  const before = reused === 0 ? '' : `, ${String(reused)} of ${count(units, 'part')} from an earlier attempt`;
  return `commit ${String(commit)}, ${count(targets, 'target')}${before}`;
}
