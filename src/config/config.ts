import type { HashAlgorithm } from '../files/index.js';

/** The roles that root lists (§4.3); `root` itself signs in ceremonies only. */
export const TOP_LEVEL_ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type TopLevelRole = (typeof TOP_LEVEL_ROLES)[number];

/** All roles that have keys of their own: `bins` signs the hash bins that targets delegates to. */
export const ROLES = ['root', 'targets', 'bins', 'snapshot', 'timestamp'] as const;
export type RoleName = (typeof ROLES)[number];

/** The workers: one per task queue. The monitor holds no key. */
export const WORKER_ROLES = ['monitor', 'targets', 'snapshot', 'timestamp'] as const;
export type WorkerRole = (typeof WORKER_ROLES)[number];

/** How one TUF role signs. Durations in milliseconds. */
export interface RoleConfig {
  readonly threshold: number;
  /** How long a new version is valid. */
  readonly expiry: number;
  /** A version with less than this left is signed anew. */
  readonly refreshBefore: number;
  /** Signer URIs (`file:keys/targets/ab12.pem?…`), relative to the configuration file. */
  readonly keys: readonly string[];
}

/** How targets metadata says which bin a target is in (§4.5; `succinct_roles` of TAP 15). */
export type HashBinsStyle = 'path_hash_prefixes' | 'succinct';

export interface HashBinsConfig {
  /** Number of bins, a power of two; 0 keeps all targets in the top-level targets metadata. */
  readonly count: number;
  readonly style: HashBinsStyle;
  /** Whether the snapshot lists length and hashes of bins, or their versions only (§4.4). */
  readonly snapshotEntries: 'full' | 'version';
}

/** A validated `tufline.yaml`: paths absolute, durations in milliseconds, defaults filled in. */
export interface Config {
  /** The configuration file and its directory: the instance. */
  readonly file: string;
  readonly directory: string;
  readonly name: string;
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly repositoryPath: string;
  readonly statePath: string;
  readonly scanPeriod: number;
  readonly maxConcurrentReleases: number;
  readonly giveUpAfter: number;
  readonly hashBins: HashBinsConfig;
  /** sha256 always; sha512 where asked for. */
  readonly hashAlgorithms: readonly HashAlgorithm[];
  readonly keyIds: 'spec' | 'php-tuf';
  readonly plainTargetNames: boolean;
  /** Globs of target paths that may be published once and never replaced. */
  readonly immutableTargets: readonly string[];
  /** Bytes of metadata that a worker keeps in memory. */
  readonly metadataCache: number;
  /** How long after it was superseded something may be pruned. */
  readonly pruneAfter: number;
  /** How often that is done by a schedule; undefined where it is not. */
  readonly pruneEvery?: number;
  readonly roles: Readonly<Record<RoleName, RoleConfig>>;
  readonly temporal: TemporalConfig;
}

/** Overrides of Temporal's standard environment configuration. */
export interface TemporalConfig {
  readonly namespace?: string;
  readonly profile?: string;
}
