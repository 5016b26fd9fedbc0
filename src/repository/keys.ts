import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import type { PublicKey } from '../signers/index.js';

/** How the id of a key is computed; php-tuf wants another one than the specification's (§4.2). */
export type KeyIdStyle = 'spec' | 'php-tuf';

/**
 * The id of a key: hex SHA-256 of its canonical form.
 * php-tuf hashes it together with a field `keyid_hash_algorithms` that the published key must not carry.
 */
export function keyId(key: PublicKey, style: KeyIdStyle): string {
  const { keytype, scheme, keyval } = key;
  const form = { keytype, scheme, keyval: { public: keyval.public } };
  const hashed = style === 'spec' ? form : { ...form, keyid_hash_algorithms: ['sha256', 'sha512'] };
  return createHash('sha256').update(canonicalize(hashed)).digest('hex');
}

/** DER prefix of an Ed25519 public key (RFC 8410), before its 32 bytes. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Whether `signature` over `bytes` was made by `key`. A key that cannot be read verifies nothing. */
export function verifySignature(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(algorithmOf(key), bytes, keyObject(key), signature);
  } catch {
    return false;
  }
}

/** Keys that were taken apart before; a repository has few, and metadata may bring others. */
const known = new Map<string, KeyObject>();
const KNOWN_AT_MOST = 64;

/** More bytes than this are hashed in another thread. */
const LARGE = 256 * 1024;

/** As {@link verifySignature}; where there are many bytes, something else can be done meanwhile. */
export function verifySignatureBeside(
  key: PublicKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (bytes.length < LARGE) return Promise.resolve(verifySignature(key, bytes, signature));
  return new Promise((resolve) => {
    try {
      verify(algorithmOf(key), bytes, keyObject(key), signature, (error, isValid) => {
        resolve(!error && isValid);
      });
    } catch {
      resolve(false);
    }
  });
}

function algorithmOf({ keytype }: PublicKey): 'sha256' | null {
  return keytype === 'ed25519' ? null : 'sha256';
}

function keyObject(key: PublicKey): KeyObject {
  const name = `${key.keytype} ${key.keyval.public}`;
  const object = known.get(name) ?? makeKeyObject(key);
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(name, object);
  return object;
}

function makeKeyObject(key: PublicKey): KeyObject {
  if (key.keytype !== 'ed25519') return createPublicKey(key.keyval.public);
  const der = Buffer.concat([ED25519_SPKI, Buffer.from(key.keyval.public, 'hex')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}
