import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { fsyncDirectory, makeDirectory, writeNew } from '../files/index.js';
import type { PublicKey } from './signer.js';

export interface GeneratedKey {
  readonly path: string;
  readonly publicKey: PublicKey;
}

/**
 * Makes an Ed25519 key and writes it as PKCS#8 PEM with mode 0600; never over an existing file.
 * @param directory where the file goes; its name is the beginning of the public key.
 * @param passphrase encrypts the file (AES-256-CBC).
 */
export async function generateKey(directory: string, passphrase?: string): Promise<GeneratedKey> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const hex = Buffer.from(x, 'base64url').toString('hex');
  const plain = { type: 'pkcs8', format: 'pem' } as const;
  const pem = privateKey.export(
    passphrase === undefined ? plain : { ...plain, cipher: 'aes-256-cbc', passphrase },
  );
  const path = join(directory, `${hex.slice(0, 8)}.pem`);
  await makeDirectory(directory, 0o700);
  await writeNew(path, Buffer.from(pem), 0o600);
  await fsyncDirectory(directory);
  return { path, publicKey: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex } } };
}
