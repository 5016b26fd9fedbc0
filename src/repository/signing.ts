import { TuflineError, usage } from '../errors/index.js';
import type { Signer } from '../signers/index.js';
import type { Authority } from './authority.js';
import { keyId, verifySignature } from './keys.js';
import { malformed, type Envelope, type Signature } from './metadata/envelope.js';

/**
 * Signs the bytes of one version of a role with every key that is given, and verifies each signature before
 * anybody can see it: one signature per key id, and at least the threshold (§4.2).
 *
 * @throws `key-not-in-root`, `threshold-not-met`, `signer-broken`
 */
export async function signRole(
  authority: Authority,
  signers: readonly Signer[],
  signed: Buffer,
): Promise<Envelope> {
  const signatures = new Map<string, Signature>();
  for (const { keyid, signer } of matchSigners(authority, signers)) {
    const signature = await signer.sign(signed);
    if (!verifySignature(signer.publicKey, signed, signature)) {
      throw new TuflineError({
        code: 'signer-broken',
        kind: 'transient',
        message: `The signature that ${signer.uri} made for ${authority.role} does not verify with its own public key.`,
        remedy: 'Check the key store (or the memory of this machine); nothing was published.',
      });
    }
    signatures.set(keyid, { keyid, sig: Buffer.from(signature).toString('hex') });
  }
  return { signatures: [...signatures.values()], signed };
}

/** The key id of each signer. @throws usage `key-not-in-root`, `threshold-not-met` */
export function matchSigners(
  { role, keys, keyids, threshold, by }: Authority,
  signers: readonly Signer[],
): { keyid: string; signer: Signer }[] {
  const matched = signers.map((signer) => {
    // By the public key and not by a computed id: root may have been written with ids of another style.
    const keyid = keyids.find(
      (id) => keys[id] && keyId(keys[id], 'spec') === keyId(signer.publicKey, 'spec'),
    );
    if (keyid !== undefined) return { keyid, signer };
    throw usage(
      'key-not-in-root',
      `The key ${signer.uri} is not one that ${by} lists for ${role}.`,
      `Give roles.${role}.keys the key that is listed there, or have that metadata list this one.`,
    );
  });
  const distinct = new Set(matched.map(({ keyid }) => keyid)).size;
  if (distinct < threshold) {
    throw usage(
      'threshold-not-met',
      `${capital(by)} wants ${String(threshold)} different keys to sign for ${role}, and roles.${role}.keys gives ${String(distinct)}.`,
      `Add the missing keys to roles.${role}.keys.`,
    );
  }
  return matched;
}

/** How many different keys of a role have signed (§5.3.4 and its like: a key counts once, unknown ones do not). */
export function countSignatures({ keys, keyids }: Authority, envelope: Envelope): number {
  const valid = envelope.signatures.filter(({ keyid, sig }) => {
    const key = keys[keyid];
    return key && keyids.includes(keyid) && verifySignature(key, envelope.signed, Buffer.from(sig, 'hex'));
  });
  return new Set(valid.map(({ keyid }) => keyid)).size;
}

/** @throws permanent `malformed-metadata` where fewer keys than the threshold have signed. */
export function assertSigned(authority: Authority, envelope: Envelope, path: string): void {
  const count = countSignatures(authority, envelope);
  const { role, threshold, by } = authority;
  if (count >= threshold) return;
  throw malformed(
    path,
    `${String(count)} of ${String(threshold)} signatures that ${by} wants for ${role} verify`,
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
