import { usage } from '../../errors/index.js';
import type { Signer } from '../../signers/index.js';
import { binsAuthority, rootAuthority, type Authority } from '../authority.js';
import { loadRoot } from '../load-root.js';
import type { DelegatingTargets } from '../metadata/delegations.js';
import { TARGETS_FILE, type HashBins } from '../metadata/hash-bins.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { delegateTo } from '../roles/init-targets.js';
import { loadDelegating } from '../roles/load-delegating.js';
import type { TargetsSigners } from '../roles/targets-signers.js';
import { matchSigners } from '../signing.js';

/** Who signs the files of a layout. */
export interface LayoutAuthority {
  readonly authority: Authority;
  readonly signers: readonly Signer[];
  /** What top-level targets metadata says of the bins, where there are bins. */
  readonly delegating?: Pick<DelegatingTargets, 'bins' | 'keys' | 'role'>;
}

/**
 * Who will sign the files of another layout: from bins to other bins whoever does so now, as a resize takes the word
 * from nobody; the bins' keys of the configuration where there were none.
 * @throws usage `no-key`, `key-not-in-root`, `threshold-not-met` where these signers cannot.
 */
export async function layoutAuthority(
  repository: Repository,
  { targets, bins }: TargetsSigners,
  state: Pick<TargetsState, 'hashBins' | 'meta'>,
  to: HashBins | undefined,
): Promise<LayoutAuthority> {
  // Also with bins before and after: what delegates to them is signed anew.
  if (targets.length === 0) throw noKey('targets');
  const byRoot = rootAuthority(await loadRoot(repository), 'targets');
  matchSigners(byRoot, targets);
  if (!to) return { authority: byRoot, signers: targets };
  if (bins.length === 0) throw noKey('bins');
  const meta = state.hashBins && state.meta.get(TARGETS_FILE);
  const { keys, role } = meta
    ? await loadDelegating(repository, meta)
    : delegateTo(repository, to, { targets, bins });
  const authority = binsAuthority({ version: (meta?.version ?? 0) + 1, keys, role });
  matchSigners(authority, bins);
  return { authority, signers: bins, delegating: { bins: to, keys, role } };
}

/** Whether both take the same signatures. */
export function isSameAuthority(a: Authority, b: Authority): boolean {
  const told = ({ keys, keyids, threshold }: Authority): string => JSON.stringify([keys, keyids, threshold]);
  return told(a) === told(b);
}

function noKey(role: 'targets' | 'bins') {
  return usage(
    'no-key',
    `A resize signs the ${role} metadata anew, and roles.${role}.keys is empty.`,
    `Name the key of ${role} there and start the targets worker again; it can be taken away afterwards.`,
  );
}
