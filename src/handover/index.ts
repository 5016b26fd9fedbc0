/** The hand-over protocol (docs/hand-over.md): how packages come from a pipeline to the signing roles. */
export { claimRelease, type ClaimOptions, type ClaimOutcome, type DecisionOf } from './claim.js';
export { SeenClaims } from './seen-claims.js';
export { claimSchema, type Claim } from './claim-file.js';
export { moveRelease, type MoveOptions } from './move.js';
export { inboundDirectory, manifestSchema, readInbound, type Manifest } from './inbound.js';
export { cleanUpRelease, type CleanupOutcome, type DecidedRelease } from './cleanup.js';
export { failureSchema, readFailure, type FailureFile } from './failure-file.js';
export { putBackRelease } from './put-back.js';
export { retryFailed, type RetryOptions } from './retry.js';
export { newTimestamp, postRelease, type PostedFile, type PostOptions } from './post.js';
export { describeReady } from './describe.js';
export { surveyHandover, type Survey, type SurveyEntry } from './survey.js';
export { sweepHandover } from './sweep.js';
export { listTimestamps } from './list.js';
export { directoryName, parseDirectoryName, type DirectoryState } from './names.js';
export { formatSums } from './sums.js';
