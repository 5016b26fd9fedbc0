import type { TopLevelRole } from '../config/config.js';
import type { PublicKey } from '../signers/index.js';
import type { DelegatingTargets } from './metadata/delegations.js';
import type { RootMetadata } from './metadata/root.js';

/** Who has to sign for a role, and whose word that is (§4.3, §4.5): what every signature is made and verified against. */
export interface Authority {
  readonly role: string;
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly keyids: readonly string[];
  readonly threshold: number;
  /** For messages: `root version 3`. */
  readonly by: string;
}

/** What root says of one of its roles. */
export function rootAuthority(
  root: Pick<RootMetadata, 'version' | 'keys' | 'roles'>,
  role: TopLevelRole,
): Authority {
  const { keyids, threshold } = root.roles[role];
  return { role, keys: root.keys, keyids, threshold, by: `root version ${String(root.version)}` };
}

/** What targets metadata says of its bins. */
export function binsAuthority({
  version,
  keys,
  role,
}: Pick<DelegatingTargets, 'version' | 'keys' | 'role'>): Authority {
  const { keyids, threshold } = role;
  return { role: 'bins', keys, keyids, threshold, by: `targets version ${String(version)}` };
}
