/** Temporal as a client sees it: connection, schedule, search attributes, releases. */
export {
  connectClient,
  findTemporal,
  mustFindTemporal,
  namesServer,
  unreachable,
  type Environment,
  type TemporalClient,
  type TemporalTarget,
} from './connection.js';
export { registerSearchAttributes, searchAttributeArguments } from './search-attributes.js';
export {
  applySchedule,
  deleteSchedule,
  describeSchedule,
  pauseSchedule,
  resumeSchedule,
  settingsOf,
  triggerSchedule,
  wakeSchedule,
} from './schedule.js';
export {
  awaitRelease,
  cancelRelease,
  describeRelease,
  fetchHistory,
  queryRelease,
  retryNow,
  type ReleaseDescription,
} from './releases.js';
export { startPrune, type RunningPrune } from './prune.js';
export { startResize, type ResizeStep, type RunningResize } from './resize.js';
export { describePollers, type Pollers } from './pollers.js';
