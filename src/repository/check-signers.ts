import type { TopLevelRole } from '../config/config.js';
import { usage } from '../errors/index.js';
import type { Signer } from '../signers/index.js';
import { binsAuthority, rootAuthority } from './authority.js';
import { loadRoot } from './load-root.js';
import type { Repository } from './repository.js';
import { loadDelegating } from './roles/load-delegating.js';
import { matchSigners } from './signing.js';
import type { TargetsSigners } from './roles/targets-signers.js';

/**
 * Checks, before any work, that these signers can sign for a role as the published root wants it.
 * @throws a usage error `key-not-in-root` or `threshold-not-met`
 */
export async function checkSigners(
  repository: Repository,
  role: Exclude<TopLevelRole, 'targets'>,
  signers: readonly Signer[],
): Promise<void> {
  matchSigners(rootAuthority(await loadRoot(repository), role), signers);
}

/**
 * The same for whoever signs the targets metadata. With hash bins the key of targets itself may be offline: releases
 * need the one of the bins only.
 * @throws a usage error `no-key`, `key-not-in-root` or `threshold-not-met`
 */
export async function checkTargetsSigners(
  repository: Repository,
  { targets, bins }: TargetsSigners,
): Promise<void> {
  const latest = await repository.commits.latest();
  const state = latest && (await repository.targetsState.at(latest));
  const meta = state?.hashBins && state.meta.get('targets.json');
  if (meta) {
    if (bins.length === 0) throw noKey('bins');
    matchSigners(binsAuthority(await loadDelegating(repository, meta)), bins);
    if (targets.length === 0) return;
  }
  if (targets.length === 0) throw noKey('targets');
  matchSigners(rootAuthority(await loadRoot(repository), 'targets'), targets);
}

function noKey(role: string) {
  return usage(
    'no-key',
    `roles.${role}.keys is empty, so this worker could sign nothing.`,
    `Name the key of ${role} there.`,
  );
}
