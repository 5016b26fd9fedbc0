import type { HashAlgorithm } from '../files/index.js';

/** The roles whose keys are online, each with a worker of its own; `root` signs in ceremonies only. */
export const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
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

export interface HashBinsConfig {
  /** Number of bins; 0 keeps all targets in the top-level targets metadata. */
  readonly count: number;
  readonly style: 'path_hash_prefixes' | 'succinct';
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
  readonly roles: Readonly<Record<RoleName, RoleConfig>>;
  readonly temporal: TemporalConfig;
}

/** Overrides of Temporal's standard environment configuration. */
export interface TemporalConfig {
  readonly namespace?: string;
  readonly profile?: string;
}
