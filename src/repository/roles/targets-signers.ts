import type { Signer } from '../../signers/index.js';

/** What the targets worker signs with. */
export interface TargetsSigners {
  /** For the top-level targets metadata; with hash bins empty where that key is kept offline. */
  readonly targets: readonly Signer[];
  /** For the hash bins. */
  readonly bins: readonly Signer[];
}
