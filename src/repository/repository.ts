import { join } from 'node:path';
import type { HashBinsConfig, RoleConfig, RoleName } from '../config/config.js';
import { usage } from '../errors/index.js';
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
import type { RootMetadata } from './metadata/root.js';
import type { TargetsMetadata } from './metadata/targets.js';

/** What the repository needs to know of the instance; a `Config` is one. Durations in milliseconds. */
export interface RepositoryOptions {
  readonly repositoryPath: string;
  readonly statePath: string;
  readonly roles: Readonly<Record<RoleName, Pick<RoleConfig, 'threshold' | 'expiry' | 'refreshBefore'>>>;
  readonly hashAlgorithms: readonly HashAlgorithm[];
  readonly hashBins: HashBinsConfig;
  readonly keyIds: 'spec' | 'php-tuf';
  readonly plainTargetNames: boolean;
  readonly immutableTargets: readonly string[];
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
  readonly cache: {
    root?: RootMetadata;
    /** Top-level targets metadata of one version, as bytes. */
    targets?: TargetsMetadata;
    /** Number of the commit whose targets metadata was verified last, and by which root. */
    verifiedCommit?: { readonly version: number; readonly root: number };
  };
}

/** Opens a repository. Touches no file. @throws usage error `not-built-yet` for hash bins. */
export function openRepository(options: RepositoryOptions): Repository {
  if (options.hashBins.count > 0) {
    throw usage(
      'not-built-yet',
      `hash_bins.count is ${String(options.hashBins.count)}, but this version keeps all targets in one metadata file.`,
      'Set hash_bins.count to 0.',
    );
  }
  const paths: RepositoryPaths = {
    metadata: join(options.repositoryPath, 'metadata'),
    targets: join(options.repositoryPath, 'targets'),
    staging: join(options.repositoryPath, 'staging'),
    commits: join(options.statePath, 'commits'),
    snapshot: join(options.statePath, 'snapshot'),
    timestamp: join(options.statePath, 'timestamp'),
  };
  return {
    options,
    paths,
    now: options.now ?? (() => new Date()),
    commits: new RecordLog(paths.commits, parseCommit),
    snapshots: new RecordLog(paths.snapshot, parseSnapshot),
    timestamps: new RecordLog(paths.timestamp, parseTimestamp),
    cache: {},
  };
}
