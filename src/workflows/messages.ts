/**
 * What travels through Temporal: small and plain, paths and counts and versions, never lists of files.
 * Types only (and the names that client and workflow must agree on), so that everybody may import this file.
 */
import type { WorkerRole } from '../config/config.js';

/** Workflow types. */
export const WORKFLOW = { scan: 'scan', release: 'release', refresh: 'refresh' } as const;

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
export function scanWorkflowId(name: string): string {
  return `${name}-scan`;
}
export function scanScheduleId(name: string): string {
  return `${name}-scan`;
}

/** Custom search attributes, and how they are registered. */
export const SEARCH_ATTRIBUTES = {
  /** Keyword: a {@link ReleaseState}. */
  state: { name: 'TuflineState', type: 'Keyword' },
  /** Int: target files of the release. */
  targets: { name: 'TuflineTargets', type: 'Int' },
  /** Int: the version of timestamp.json that made the release visible. */
  timestampVersion: { name: 'TuflineTimestampVersion', type: 'Int' },
  /** Keyword: code of the failure. */
  failure: { name: 'TuflineFailure', type: 'Keyword' },
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

export interface RefreshInput extends Settings {
  /** The lowest role that is due; the ones above it (snapshot, timestamp) follow by themselves. */
  readonly from: 'targets' | 'snapshot' | 'timestamp';
}

// ---- what activities take and give ----

export interface ScanResult {
  /** `tuf_processing_*`, oldest first. */
  readonly processing: readonly string[];
  /** `tuf_ready_*`, oldest first, at most as many as a scan can start. */
  readonly ready: readonly ReadyDirectory[];
  /** How many are ready altogether. */
  readonly readyCount: number;
  /** The lowest role within its refresh window, where there is one. */
  readonly refresh?: RefreshInput['from'];
}

export interface ReleaseRef {
  readonly timestamp: string;
  /** The id that `claim` gave; new for each claim. */
  readonly release: string;
}

export interface ClaimResult extends ReleaseRef {
  /** `claimed`: go on. `committed`/`aborted`: this claim was decided before (go on from there). `absent`: nothing to do. */
  readonly state: 'claimed' | 'committed' | 'aborted' | 'absent';
  readonly files: number;
  readonly bytes: number;
}

export interface MoveResult {
  readonly files: number;
  readonly bytes: number;
}

export interface CommitResult {
  /** Number of the record in state/commits. */
  readonly commit: number;
  readonly targetsVersion: number;
  readonly targets: number;
}

export interface AbortResult {
  /** Whichever was recorded first is the truth. */
  readonly decision: 'aborted' | 'committed';
  readonly commit: number;
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface SnapshotResult {
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
