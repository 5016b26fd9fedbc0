import { createHash } from 'node:crypto';
import { hashes, Point, utils } from '@noble/ed25519';

/** SHA-512 of bytes in pieces: metadata of many megabytes is hashed twice for each signature, and never copied. */
function sha512(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha512');
  for (const piece of pieces) hash.update(piece);
  return new Uint8Array(hash.digest());
}

hashes.sha512 = (message) => sha512(message);

/** Order of the base point. */
const { n: ORDER } = Point.CURVE();

/** What a seed gives (RFC 8032, 5.1.5), computed once for all signatures. */
export interface Ed25519Key {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** @returns the 64 bytes of the signature (RFC 8032, 5.1.6). */
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

/** @param seed the 32 bytes of the private key. */
export function ed25519Key(seed: Uint8Array): Ed25519Key {
  const { prefix, scalar, pointBytes } = utils.getExtendedPublicKey(new Uint8Array(seed));
  return {
    publicKey: pointBytes,
    sign(bytes) {
      const r = reduced(sha512(prefix, bytes));
      const commitment = Point.BASE.multiply(r).toBytes();
      const challenge = reduced(sha512(commitment, pointBytes, bytes));
      return Buffer.concat([commitment, littleEndian((r + challenge * scalar) % ORDER)]);
    },
  };
}

/** A hash as a number, modulo the order. */
function reduced(hash: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`) % ORDER;
}

function littleEndian(number: bigint): Uint8Array {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}
