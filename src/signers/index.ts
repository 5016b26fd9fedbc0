/** Keys behind one interface, addressed by URI. */
export type { PublicKey, Signer, SignerEnvironment } from './signer.js';
export { openSigner, openSigners } from './open-signer.js';
export { generateKey, type GeneratedKey } from './generate-key.js';
