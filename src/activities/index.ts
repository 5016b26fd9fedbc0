/** The steps as Temporal activities: factories that are given what they need, so that no key is where it is not used. */
export { createMonitorActivities, type MonitorDependencies } from './monitor.js';
export { createTargetsActivities, type TargetsDependencies } from './targets.js';
export { createSnapshotActivities, type SnapshotDependencies } from './snapshot.js';
export { createTimestampActivities, type TimestampDependencies } from './timestamp.js';
