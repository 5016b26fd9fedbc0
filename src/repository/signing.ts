import { TuflineError, usage } from '../errors/index.js';
import type { Signer } from '../signers/index.js';
import type { Authority } from './authority.js';
import { keyId, verifySignatureBeside } from './keys.js';
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
  const { envelope, verified } = await beginSigning(authority, signers, signed);
  await verified;
  return envelope;
}

/**
 * As {@link signRole}, for large metadata, which can be written meanwhile.
 * @returns `verified` rejects with `signer-broken`: then nobody may ever see what was written.
 */
export async function beginSigning(
  authority: Authority,
  signers: readonly Signer[],
  signed: Buffer,
): Promise<{ readonly envelope: Envelope; readonly verified: Promise<unknown> }> {
  const signatures = new Map<string, Signature>();
  const checks: Promise<void>[] = [];
  for (const { keyid, signer } of matchSigners(authority, signers)) {
    const signature = await signer.sign(signed);
    checks.push(mustVerify(authority.role, signer, signed, signature));
    signatures.set(keyid, { keyid, sig: Buffer.from(signature).toString('hex') });
  }
  const verified = Promise.all(checks);
  // Whoever waits for it may do so later.
  verified.catch(() => undefined);
  return { envelope: { signatures: [...signatures.values()], signed }, verified };
}

async function mustVerify(
  role: string,
  signer: Signer,
  signed: Buffer,
  signature: Uint8Array,
): Promise<void> {
  if (await verifySignatureBeside(signer.publicKey, signed, signature)) return;
  throw new TuflineError({
    code: 'signer-broken',
    kind: 'transient',
    message: `The signature that ${signer.uri} made for ${role} does not verify with its own public key.`,
    remedy: 'Check the key store (or the memory of this machine); nothing was published.',
  });
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
export async function countSignatures({ keys, keyids }: Authority, envelope: Envelope): Promise<number> {
  const valid = new Set<string>();
  for (const { keyid, sig } of envelope.signatures) {
    const key = keys[keyid];
    if (!key || !keyids.includes(keyid)) continue;
    if (await verifySignatureBeside(key, envelope.signed, Buffer.from(sig, 'hex'))) valid.add(keyid);
  }
  return valid.size;
}

/** @throws permanent `malformed-metadata` where fewer keys than the threshold have signed. */
export async function assertSigned(authority: Authority, envelope: Envelope, path: string): Promise<void> {
  const count = await countSignatures(authority, envelope);
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
