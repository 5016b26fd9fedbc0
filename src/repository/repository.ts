import { join } from 'node:path';
import type { HashBinsConfig, RoleConfig, RoleName } from '../config/config.js';
import type { HashAlgorithm } from '../files/index.js';
import { RecordLog } from './records/record-log.js';
import {
  parseCommit,
  parseSnapshot,
  parseTimestamp,
  type CommitRecord,
  type SnapshotRecord,
  type TimestampRecord,
} from './records/records.js';
import { releaseIndex, type ReleaseIndex } from './records/release-index.js';
import { TargetsLedger } from './records/targets-state.js';
import { MetadataCache } from './metadata-cache.js';
import type { DelegatingTargets } from './metadata/delegations.js';
import type { RootMetadata } from './metadata/root.js';
import type { SnapshotMetadata } from './metadata/snapshot.js';
import type { TargetsMetadata } from './metadata/targets.js';

/** What the repository needs to know of the instance; a `Config` is one. Durations in milliseconds. */
export interface RepositoryOptions {
  readonly repositoryPath: string;
  readonly statePath: string;
  readonly roles: Readonly<
    Record<RoleName, Pick<RoleConfig, 'threshold' | 'expiry' | 'refreshBefore' | 'keys'>>
  >;
  readonly hashAlgorithms: readonly HashAlgorithm[];
  readonly hashBins: HashBinsConfig;
  readonly keyIds: 'spec' | 'php-tuf';
  readonly plainTargetNames: boolean;
  readonly immutableTargets: readonly string[];
  /** Bytes of metadata that may be kept in memory. */
  readonly metadataCache: number;
  /** How long after it was superseded something may be removed; at least as long as clients may hold on to it. */
  readonly pruneAfter: number;
  /** The clock; tests give their own. */
  readonly now?: () => Date;
}

/** Where the parts of a repository lie. */
export interface RepositoryPaths {
  readonly metadata: string;
  readonly targets: string;
  readonly staging: string;
  readonly commits: string;
  readonly snapshot: string;
  readonly timestamp: string;
}

/** An open repository: all of its state is on disk, what is kept here only saves reading it again. */
export interface Repository {
  readonly options: RepositoryOptions;
  readonly paths: RepositoryPaths;
  readonly now: () => Date;
  readonly commits: RecordLog<CommitRecord>;
  readonly snapshots: RecordLog<SnapshotRecord>;
  readonly timestamps: RecordLog<TimestampRecord>;
  /** Which record decided a release. */
  readonly releases: ReleaseIndex;
  /** What the commits say together. */
  readonly targetsState: TargetsLedger;
  readonly cache: {
    root?: RootMetadata;
    /** Metadata that was read or signed last, each compared with the record that names it. */
    readonly targets: MetadataCache<TargetsMetadata>;
    readonly delegating: MetadataCache<DelegatingTargets>;
    readonly snapshots: MetadataCache<SnapshotMetadata>;
    /** By record directory: up to this number everything is known to be in place, durably. */
    readonly completed: Map<string, number>;
  };
}

/** Opens a repository. Touches no file. */
export function openRepository(options: RepositoryOptions): Repository {
  const paths: RepositoryPaths = {
    metadata: join(options.repositoryPath, 'metadata'),
    targets: join(options.repositoryPath, 'targets'),
    staging: join(options.repositoryPath, 'staging'),
    commits: join(options.statePath, 'commits'),
    snapshot: join(options.statePath, 'snapshot'),
    timestamp: join(options.statePath, 'timestamp'),
  };
  const commits = new RecordLog(paths.commits, parseCommit);
  return {
    options,
    paths,
    now: options.now ?? (() => new Date()),
    commits,
    snapshots: new RecordLog(paths.snapshot, parseSnapshot),
    timestamps: new RecordLog(paths.timestamp, parseTimestamp),
    releases: releaseIndex(paths.commits),
    targetsState: new TargetsLedger(commits),
    cache: {
      targets: new MetadataCache(options.metadataCache),
      delegating: new MetadataCache(options.metadataCache),
      snapshots: new MetadataCache(options.metadataCache),
      completed: new Map(),
    },
  };
}

/** Where everything of a repository lies. */
export function directoriesOf({ paths }: Repository): string[] {
  return Object.values<string>({ ...paths });
}
