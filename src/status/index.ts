/** What `status` and `post --wait` tell: read from directories, records and, where it answers, Temporal. */
export { collectStatus, type Status } from './collect-status.js';
export { type TemporalStatus } from './temporal-status.js';
export { releaseOutcome, type HandedOver, type ReleaseOutcome } from './release-outcome.js';
