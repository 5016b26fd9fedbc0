/**
 * A TUF repository (specification 1.0.x) on a file system, with its records. Knows nothing of Temporal.
 * Every function is safe against itself, running late and twice.
 */
export { openRepository, type Repository, type RepositoryOptions } from './repository.js';
export { createRepository, type RoleSigners } from './create.js';
export { checkSigners } from './check-signers.js';
export { keyId, type KeyIdStyle } from './keys.js';
export {
  stageRelease,
  type InboundFile,
  type StagedRelease,
  type StageOptions,
  type StagingProgress,
} from './staging/stage-release.js';
export {
  abortRelease,
  commitReleases,
  refreshTargets,
  resumeCommit,
  type AbortDecision,
} from './roles/targets-role.js';
export { updateSnapshot, type SnapshotOptions } from './roles/snapshot-role.js';
export { updateTimestamp, type TimestampOptions } from './roles/timestamp-role.js';
export { due, type Due } from './due.js';
export { decisionOf, isPublished, isVisible, type Decision } from './decision.js';
export { publishedState, type PublishedState, type RoleState } from './published-state.js';
export { sweepStaging } from './staging/sweep.js';
export { verifyRepository, type Finding, type VerifyProgress } from './audit/verify.js';
export type { CommitRecord, ReleaseEntry, SnapshotRecord, TimestampRecord } from './records/records.js';
export { commitSchema, snapshotSchema, timestampSchema } from './records/records.js';
