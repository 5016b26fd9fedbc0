import { setCurrentDetails } from '@temporalio/workflow';
import { activitiesOf } from './activities.js';
import type { RefreshInput, RefreshResult } from './messages.js';

/** Signs roles anew that are about to expire, or shows what an interrupted run left unpublished. No release. */
export async function refresh(input: RefreshInput): Promise<RefreshResult> {
  const { targets, snapshot, timestamp } = activitiesOf(input.name);
  const rows: string[] = [];
  const show = (step: string, version: number): void => {
    rows.push(`| ${step} | version ${String(version)} |`);
    setCurrentDetails(['| step | outcome |', '|---|---|', ...rows].join('\n'));
  };

  let atLeastCommit: number | undefined;
  let targetsVersion: number | undefined;
  if (input.from === 'targets') {
    const committed = await targets.refreshTargets.executeWithOptions(
      { activityId: 'targets', summary: 'Sign the targets metadata anew' },
      [],
    );
    show('targets', (targetsVersion = committed.targetsVersion));
    atLeastCommit = committed.commit;
  }

  let atLeastSnapshot: number | undefined;
  let snapshotVersion: number | undefined;
  if (input.from !== 'timestamp') {
    const signed = await snapshot.snapshot.executeWithOptions(
      { activityId: 'snapshot', summary: 'Sign the snapshot anew' },
      [{ renew: true, ...(atLeastCommit === undefined ? {} : { atLeastCommit }) }],
    );
    show('snapshot', (snapshotVersion = signed.snapshotVersion));
    atLeastSnapshot = signed.record;
  }

  const visible = await timestamp.timestamp.executeWithOptions(
    { activityId: 'timestamp', summary: 'Sign the timestamp anew' },
    [{ renew: true, ...(atLeastSnapshot === undefined ? {} : { atLeastSnapshot }) }],
  );
  show('timestamp', visible.timestampVersion);
  return {
    timestampVersion: visible.timestampVersion,
    ...(targetsVersion === undefined ? {} : { targetsVersion }),
    ...(snapshotVersion === undefined ? {} : { snapshotVersion }),
  };
}
