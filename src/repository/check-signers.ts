import type { RoleName } from '../config/config.js';
import type { Signer } from '../signers/index.js';
import { loadRoot } from './load-root.js';
import type { Repository } from './repository.js';
import { matchSigners } from './signing.js';

/**
 * Checks, before any work, that these signers can sign for a role as the published root wants it.
 * @throws a usage error `key-not-in-root` or `threshold-not-met`
 */
export async function checkSigners(
  repository: Repository,
  role: RoleName,
  signers: readonly Signer[],
): Promise<void> {
  matchSigners(await loadRoot(repository), role, signers);
}
