import { createHash } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';

// Ed25519 hashes the message twice: with node's SHA-512 a large metadata file takes a tenth of the time.
ed25519.hashes.sha512 = (message) => new Uint8Array(createHash('sha512').update(message).digest());

/** @param seed the 32 bytes of the private key. @returns the 64 bytes of the signature (RFC 8032). */
export function signEd25519(bytes: Uint8Array, seed: Uint8Array): Uint8Array {
  return ed25519.sign(bytes, seed);
}

/** @param seed the 32 bytes of the private key. @returns the 32 bytes of the public key. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(seed);
}
