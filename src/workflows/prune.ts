import { setCurrentDetails } from '@temporalio/workflow';
import { prunersOf } from './activities.js';
import type { PruneInput, PruneOutcome, PruneResult } from './messages.js';
import { bytesInWords, count } from './words.js';

/**
 * Removes what is superseded and was so for long enough, each role what it has written. What refers to something goes
 * before what it refers to: the records of timestamps, which tell what clients may still hold; snapshots, which no
 * timestamp shows then; targets metadata, which no snapshot lists then, with the target files that only it listed. Each
 * role finds out for itself what may go, so a step that comes late, twice or alone removes nothing that is needed.
 */
export async function prune({ name, olderThan }: PruneInput): Promise<PruneOutcome> {
  const { timestamp, snapshot, targets } = prunersOf(name);
  const request = olderThan === undefined ? {} : { olderThan };
  const rows: string[] = [];
  const show = (role: string, pruned: PruneResult): PruneResult => {
    rows.push(`| ${role} | ${inWords(pruned)} |`);
    setCurrentDetails(['| role | removed |', '|---|---|', ...rows].join('\n'));
    return pruned;
  };
  return {
    timestamp: show(
      'timestamp',
      await timestamp.pruneTimestamp.executeWithOptions(
        { activityId: 'pruneTimestamp', summary: 'Remove old records of timestamps' },
        [request],
      ),
    ),
    snapshot: show(
      'snapshot',
      await snapshot.pruneSnapshot.executeWithOptions(
        { activityId: 'pruneSnapshot', summary: 'Remove snapshots that no client asks for any more' },
        [request],
      ),
    ),
    targets: show(
      'targets',
      await targets.pruneTargets.executeWithOptions(
        {
          activityId: 'pruneTargets',
          summary: 'Remove replaced target files, superseded targets metadata and old records',
        },
        [request],
      ),
    ),
  };
}

function inWords({ records, metadata, targets, bytes }: PruneResult): string {
  return [
    count(records, 'record'),
    ...(metadata > 0 ? [count(metadata, 'metadata file')] : []),
    ...(targets > 0 ? [count(targets, 'target file')] : []),
    ...(bytes > 0 ? [bytesInWords(bytes)] : []),
  ].join(', ');
}
