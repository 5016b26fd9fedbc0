/**
 * What travels through Temporal: small and plain, paths and counts and versions, never lists of files.
 * Types only (and the names that client and workflow must agree on), so that everybody may import this file.
 */
import type { HashBinsStyle, WorkerRole } from '../config/config.js';

/** Workflow types. */
export const WORKFLOW = {
  scan: 'scan',
  release: 'release',
  refresh: 'refresh',
  prune: 'prune',
  resize: 'resize',
} as const;

/** What stays the same for all workflows of an instance. Durations in milliseconds. */
export interface Settings {
  /** The repository's name: prefix of task queues and workflow ids. */
  readonly name: string;
  readonly scanPeriod: number;
  readonly maxConcurrentReleases: number;
}

export type TaskQueues = Readonly<Record<WorkerRole, string>>;

/** `<name>-monitor`, `<name>-targets`, `<name>-snapshot`, `<name>-timestamp`. */
export function taskQueue(name: string, role: WorkerRole): string {
  return `${name}-${role}`;
}
export function releaseWorkflowId(name: string, timestamp: string): string {
  return `${name}-release-${timestamp}`;
}
export function refreshWorkflowId(name: string): string {
  return `${name}-refresh`;
}
export function pruneWorkflowId(name: string): string {
  return `${name}-prune`;
}
export function resizeWorkflowId(name: string): string {
  return `${name}-resize`;
}
export function scanWorkflowId(name: string): string {
  return `${name}-scan`;
}
export function scanScheduleId(name: string): string {
  return `${name}-scan`;
}
export function pruneScheduleId(name: string): string {
  return `${name}-prune`;
}

/** Custom search attributes, and how they are registered. */
export const SEARCH_ATTRIBUTES = {
  /** Keyword: `running`, and the last {@link ReleaseState} when it has ended. */
  state: { name: 'TuflineState', type: 'KEYWORD' },
  /** Int: target files of the release. */
  targets: { name: 'TuflineTargets', type: 'INT' },
  /** Int: the version of timestamp.json that made the release visible. */
  timestampVersion: { name: 'TuflineTimestampVersion', type: 'INT' },
  /** Keyword: code of the failure. */
  failure: { name: 'TuflineFailure', type: 'KEYWORD' },
} as const;

/** Where a release stands, in the words of the six parts. */
export type ReleaseState =
  | 'claiming'
  | 'moving'
  | 'signing targets'
  | 'signing snapshot'
  | 'signing timestamp'
  | 'cleaning up'
  | 'aborting'
  | 'putting back'
  | 'published'
  | 'nothing to do'
  | 'failed'
  | 'cancelled';

/**
 * The search attribute of a release that has not ended. Each change of an attribute is an event, a task and a write to
 * every index of the visibility store, so the list tells who runs, and the pending step where it stands.
 */
export const RUNNING = 'running';

/** The state in which a step is at work. */
export const STATE_OF_STEP = {
  claim: 'claiming',
  move: 'moving',
  targets: 'signing targets',
  snapshot: 'signing snapshot',
  timestamp: 'signing timestamp',
  cleanup: 'cleaning up',
  abort: 'aborting',
  putBack: 'putting back',
} as const satisfies Readonly<Record<string, ReleaseState>>;

export type StepName = keyof typeof STATE_OF_STEP;

/** What the scan tells a release about its directory, for the summary that people read. */
export interface ReadyDirectory {
  readonly timestamp: string;
  /** Files and bytes as far as they were counted; `more` where counting stopped early. */
  readonly files: number;
  readonly bytes: number;
  readonly more: boolean;
  /** The first few paths, in order. */
  readonly names: readonly string[];
}

export interface ReleaseInput extends Settings {
  readonly timestamp: string;
  readonly directory?: ReadyDirectory;
  /** Begun for a directory that nobody had begun, to give it back: cancelled before it does anything. */
  readonly cancelled?: boolean;
}

export interface ReleaseResult {
  readonly timestamp: string;
  readonly state: 'published' | 'nothing to do' | 'failed' | 'cancelled';
  readonly release?: string;
  readonly files?: number;
  readonly bytes?: number;
  readonly commit?: number;
  readonly targetsVersion?: number;
  readonly snapshotVersion?: number;
  readonly timestampVersion?: number;
}

/** What a scan hands over to the run that continues it. */
export interface ScanProgress {
  /** When the first of these runs began, in milliseconds since 1970. */
  readonly begun: number;
  readonly started: number;
  /** Timestamps of releases that run. */
  readonly running: readonly string[];
}

/** Roles that sign online, the lowest first. */
export type OnlineRole = 'targets' | 'snapshot' | 'timestamp';

export interface RefreshInput extends Settings {
  /** The lowest role that is due; the ones above it (snapshot, timestamp) follow by themselves. */
  readonly from: OnlineRole;
  /** Why, for the summary. */
  readonly why: 'expires' | 'unpublished';
}

export interface RefreshResult {
  readonly targetsVersion?: number;
  readonly snapshotVersion?: number;
  readonly timestampVersion: number;
}

export interface PruneRequest {
  /** Milliseconds: a longer grace period than `prune_after`. */
  readonly olderThan?: number;
}

export interface PruneInput extends PruneRequest {
  readonly name: string;
}

/** What a role has removed. */
export interface PruneResult {
  readonly records: number;
  /** Metadata files. */
  readonly metadata: number;
  /** Target files. */
  readonly targets: number;
  /** Of metadata and target files. */
  readonly bytes: number;
  /** When the oldest of the records was made. */
  readonly oldest?: string;
}

export type PruneOutcome = Readonly<Record<OnlineRole, PruneResult>>;

/** How targets are to be spread over metadata files; 0 bins: all in `targets.json`. */
export interface ResizeRequest {
  readonly count: number;
  readonly style: HashBinsStyle;
}

export interface ResizeInput extends ResizeRequest {
  readonly name: string;
}

/** What came of it in the targets metadata. */
export interface ResizedTargets {
  /** `there`: targets were spread like this already. */
  readonly state: 'resized' | 'there';
  /** Number of the newest record in state/commits. */
  readonly commit: number;
  readonly targetsVersion: number;
  readonly targets: number;
  /** Parts of the work, and how many of them an earlier attempt had done. */
  readonly units: number;
  readonly reused: number;
}

export interface ResizeResult extends ResizedTargets {
  readonly snapshotVersion: number;
  readonly timestampVersion: number;
}

/** The query `state` of a release. */
export interface ReleaseStatus {
  readonly timestamp: string;
  readonly state: ReleaseState;
  readonly release?: string;
  readonly steps: readonly StepStatus[];
}

export interface StepStatus {
  readonly step: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly outcome?: string;
}

export const QUERY_STATE = 'state';
/** To a release: tell this scan when it ends. */
export const SIGNAL_NOTIFY_WHEN_DONE = 'notifyWhenDone';
/** To a scan: the release of this timestamp has ended. */
export const SIGNAL_RELEASE_DONE = 'releaseDone';
/** To a scan: look again, there is something that it may not have seen. */
export const SIGNAL_LOOK_AGAIN = 'lookAgain';
/** To a scan: begin nothing more, the schedule is paused. */
export const SIGNAL_END_SCAN = 'endScan';

// ---- what activities take and give ----

export interface ScanResult {
  /** `tuf_processing_*`, oldest first. */
  readonly processing: readonly string[];
  /** `tuf_ready_*`, oldest first, at most as many as were asked for. */
  readonly ready: readonly ReadyDirectory[];
  /** How many are ready altogether and not in processing under the same timestamp. */
  readonly readyCount: number;
  /** The lowest role that has to sign without a release, where there is one. */
  readonly due?: { readonly role: OnlineRole; readonly why: RefreshInput['why']; readonly urgent: boolean };
}

export interface ReleaseRef {
  readonly timestamp: string;
  /** The id that `claim` gave; new for each claim. */
  readonly release: string;
}

export interface ClaimInput {
  readonly timestamp: string;
  /** How many directories may be in processing at once. */
  readonly max: number;
  /** It is given back at once: it waits for nobody. */
  readonly regardless?: boolean;
}

/** `claimed`: go on. `committed`, `aborted`: decided before, go on from there. `absent`: nothing to do. */
export type ClaimResult =
  | { readonly state: 'absent' }
  | (ReleaseRef & {
      readonly state: 'claimed' | 'committed' | 'aborted';
      readonly files: number;
      readonly bytes: number;
      /** Why this input cannot be released. */
      readonly problem?: Problem;
    });

export interface MoveResult {
  readonly files: number;
  readonly bytes: number;
}

export interface CommitResult {
  /** Number of the record in state/commits. */
  readonly commit: number;
  readonly targetsVersion: number;
  /** How many hash bins were signed; 0 where there are none. */
  readonly bins: number;
  readonly targets: number;
}

export interface AbortResult {
  /** Whichever was recorded first is the truth. */
  readonly decision: 'aborted' | 'committed';
  readonly commit: number;
  /** Of the abort: that of an earlier run, where there was one. */
  readonly problem?: Problem;
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface SnapshotResult {
  /** Number of the record in state/snapshot. */
  readonly record: number;
  readonly snapshotVersion: number;
}
export interface TimestampResult {
  readonly timestampVersion: number;
}

/** Progress in heartbeats of the long steps. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles?: number;
  readonly totalBytes?: number;
  readonly doing?: string;
}

export interface MonitorActivities {
  scan(input: { readonly max: number }): Promise<ScanResult>;
  claim(input: ClaimInput): Promise<ClaimResult>;
  move(input: ReleaseRef): Promise<MoveResult>;
  cleanup(input: ReleaseRef): Promise<CleanupResult>;
  putBack(input: ReleaseRef & { readonly problem: Problem }): Promise<PutBackResult>;
}

export interface TargetsActivities {
  targets(input: ReleaseRef): Promise<CommitResult>;
  abort(input: ReleaseRef & { readonly problem: Problem }): Promise<AbortResult>;
  refreshTargets(): Promise<CommitResult>;
}

export interface TargetsResizing {
  /** Progress is in files of the finer layout. */
  resize(request: ResizeRequest): Promise<ResizedTargets>;
}

export interface SnapshotActivities {
  snapshot(input: { readonly atLeastCommit?: number; readonly renew?: boolean }): Promise<SnapshotResult>;
}

export interface TimestampActivities {
  timestamp(input: { readonly atLeastSnapshot?: number; readonly renew?: boolean }): Promise<TimestampResult>;
}

/** Each role removes what it has written. */
export interface TargetsPruning {
  pruneTargets(input: PruneRequest): Promise<PruneResult>;
}
export interface SnapshotPruning {
  pruneSnapshot(input: PruneRequest): Promise<PruneResult>;
}
export interface TimestampPruning {
  pruneTimestamp(input: PruneRequest): Promise<PruneResult>;
}

export interface CleanupResult {
  /** How many files lay there that were not part of the release, and the first of them. */
  readonly left: number;
  readonly names: readonly string[];
}

export interface PutBackResult {
  /** Name of the directory that holds the files now. */
  readonly directory?: string;
}

/** Failure types (`ApplicationFailure.type`) that the release workflow answers by moving the files again. */
export const MOVE_AGAIN: readonly string[] = ['inbound-missing', 'inbound-damaged'];
