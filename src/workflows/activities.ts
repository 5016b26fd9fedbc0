import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { WorkerRole } from '../config/config.js';
import {
  taskQueue,
  type MonitorActivities,
  type SnapshotActivities,
  type SnapshotPruning,
  type TargetsActivities,
  type TargetsPruning,
  type TargetsResizing,
  type TimestampActivities,
  type TimestampPruning,
} from './messages.js';

/**
 * Transient trouble is tried again for as long as it lasts, at most a minute apart; what is permanent says so by
 * itself. Long steps heartbeat, so that a dead worker is noticed within seconds and a slow one is left alone.
 */
function options(
  name: string,
  role: WorkerRole,
  startToCloseTimeout: ActivityOptions['startToCloseTimeout'],
): ActivityOptions {
  return {
    taskQueue: taskQueue(name, role),
    startToCloseTimeout: startToCloseTimeout ?? '10 minutes',
    heartbeatTimeout: '10 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
    // A step that runs on after it was cancelled does no harm: the records decide.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  };
}

/** The activities of all roles, each on its own task queue. */
export function activitiesOf(name: string) {
  return {
    /** Short ones of the monitor. */
    monitor: proxyActivities<MonitorActivities>(options(name, 'monitor', '10 minutes')),
    /** The copy of a whole release. */
    mover: proxyActivities<MonitorActivities>(options(name, 'monitor', '24 hours')),
    targets: proxyActivities<TargetsActivities>(options(name, 'targets', '24 hours')),
    snapshot: proxyActivities<SnapshotActivities>(options(name, 'snapshot', '10 minutes')),
    timestamp: proxyActivities<TimestampActivities>(options(name, 'timestamp', '10 minutes')),
  };
}

/** The same for a resize: all targets metadata is read and signed anew, and the snapshot role verifies all of it. */
export function resizersOf(name: string) {
  return {
    targets: proxyActivities<TargetsResizing>(options(name, 'targets', '24 hours')),
    snapshot: proxyActivities<SnapshotActivities>(options(name, 'snapshot', '1 hour')),
    timestamp: proxyActivities<TimestampActivities>(options(name, 'timestamp', '10 minutes')),
  };
}

/** The same for pruning: there may be much to remove. */
export function prunersOf(name: string) {
  return {
    targets: proxyActivities<TargetsPruning>(options(name, 'targets', '24 hours')),
    snapshot: proxyActivities<SnapshotPruning>(options(name, 'snapshot', '24 hours')),
    timestamp: proxyActivities<TimestampPruning>(options(name, 'timestamp', '24 hours')),
  };
}
