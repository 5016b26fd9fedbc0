/**
 * A TUF repository (specification 1.0.x) on a file system, with its records. Knows nothing of Temporal.
 * Every function is safe against itself, running late and twice.
 */
export { directoriesOf, openRepository, type Repository, type RepositoryOptions } from './repository.js';
export { createRepository, type RoleSigners } from './create.js';
export { checkSigners, checkTargetsSigners } from './check-signers.js';
export type { TargetsSigners } from './roles/targets-signers.js';
export type { HashBins } from './metadata/hash-bins.js';
export { keyId, type KeyIdStyle } from './keys.js';
export {
  stageRelease,
  type InboundFile,
  type StagedRelease,
  type StageOptions,
  type StagingProgress,
} from './staging/stage-release.js';
export { commitReleases, resumeCommit, type CommitOutcome } from './roles/commit-releases.js';
export { abortRelease, type AbortDecision } from './roles/abort-release.js';
export { refreshTargets } from './roles/refresh-targets.js';
export { resizeTargets, type ResizeOptions, type ResizeOutcome } from './resize/resize-targets.js';
export { updateSnapshot, type SnapshotOptions } from './roles/snapshot-role.js';
export { updateTimestamp, type TimestampOptions } from './roles/timestamp-role.js';
export { pruneTargets, type PruneTargetsOptions } from './prune/prune-targets.js';
export { pruneSnapshot } from './prune/prune-snapshot.js';
export { pruneTimestamp } from './prune/prune-timestamp.js';
export { oldestKept } from './prune/kept.js';
export type { Pruned, PruneOptions } from './prune/pruned.js';
export { advise, type Advice, type AdvisedChoice } from './advise/advise.js';
export { AVERAGE_ENTRY } from './advise/sizes.js';
export { measuredEntry } from './advise/entry-size.js';
export { due, type Due } from './due.js';
export { decisionOf, isPublished, isVisible, type Decision } from './decision.js';
export { publishedState, targetsVersion, type PublishedState, type RoleState } from './published-state.js';
export { sweepStaging } from './staging/sweep.js';
export { verifyRepository, type Finding, type VerifyProgress } from './audit/verify.js';
export type { CommitRecord, ReleaseEntry, SnapshotRecord, TimestampRecord } from './records/records.js';
export { checkpointSchema, commitSchema, snapshotSchema, timestampSchema } from './records/records.js';
