import { permanent } from '../../errors/index.js';
import type { PublicKey } from '../../signers/index.js';
import { expiresAt } from '../expiry.js';
import { keyId } from '../keys.js';
import { targetsFiles, type HashBins } from '../metadata/hash-bins.js';
import type { RoleKeys } from '../metadata/root.js';
import type { TargetEntry } from '../metadata/targets.js';
import type { CommitRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { appendTargets } from './append-targets.js';
import { spreadExpiry } from './spread-expiry.js';
import type { TargetsSigners } from './targets-signers.js';

export interface InitOptions {
  readonly hashBins?: HashBins;
  /** Entries that a file begins with, by path: for repositories that are made with targets in them. */
  readonly entries?: (file: string) => Promise<ReadonlyMap<string, TargetEntry>>;
  readonly onFile?: (file: string) => void;
}

/** The first record of a new repository: metadata without targets, top-level and of each bin. */
export async function initTargets(
  repository: Repository,
  signers: TargetsSigners,
  { hashBins, entries = () => Promise.resolve(new Map()), onFile }: InitOptions = {},
): Promise<CommitRecord> {
  const { roles } = repository.options;
  const now = repository.now();
  const expires = expiresAt(now, roles.targets.expiry);
  const record = await appendTargets(repository, signers, {
    kind: 'init',
    current: undefined,
    hashBins,
    ...(hashBins ? { delegating: { ...delegateTo(repository, hashBins, signers), expires } } : {}),
    files: targetsFiles(hashBins),
    expires: (file) => (hashBins ? spreadExpiry(now, roles.bins.expiry, file) : expires),
    changes: async (file) => {
      onFile?.(file);
      return entries(file);
    },
    stages: [],
    releases: [],
  });
  if (!record) throw permanent('exists', 'The repository has records already.', 'Use it as it is.');
  return record;
}

/** Delegates to bins that these signers sign for. */
export function delegateTo(
  { options }: Pick<Repository, 'options'>,
  bins: HashBins,
  signers: TargetsSigners,
): { readonly bins: HashBins; readonly keys: Record<string, PublicKey>; readonly role: RoleKeys } {
  const keys: Record<string, PublicKey> = {};
  for (const { publicKey } of signers.bins) {
    const { keytype, scheme, keyval } = publicKey;
    const key = { keytype, scheme, keyval: { public: keyval.public } };
    keys[keyId(key, options.keyIds)] = key;
  }
  return { bins, keys, role: { keyids: Object.keys(keys), threshold: options.roles.bins.threshold } };
}
