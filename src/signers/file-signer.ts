import { createPrivateKey, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { usage } from '../errors/index.js';
import { ed25519Key } from './ed25519.js';
import { readSecret } from './read-secret.js';
import type { Signer, SignerEnvironment } from './signer.js';

/**
 * `file:PATH[?passphrase_env=NAME | ?passphrase_file=PATH]`: an Ed25519 private key as PKCS#8 PEM, plain or
 * encrypted. The key is read once; a file that others may read is refused.
 */
export async function openFileSigner(uri: string, environment: SignerEnvironment): Promise<Signer> {
  const { path, parameters } = parseFileUri(uri, environment.directory);
  const pem = await readSecret(path, 'private key');
  const passphrase = await readPassphrase(uri, parameters, environment);
  const key = ed25519Key(seedOf(decode(pem, path, passphrase), path));
  const publicKey = {
    keytype: 'ed25519',
    scheme: 'ed25519',
    keyval: { public: Buffer.from(key.publicKey).toString('hex') },
  };
  return { uri, publicKey, sign: (bytes) => Promise.resolve(key.sign(bytes)) };
}

function parseFileUri(uri: string, directory: string): { path: string; parameters: URLSearchParams } {
  const [file = '', query = ''] = uri.slice('file:'.length).split('?', 2);
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (name === 'passphrase_env' || name === 'passphrase_file') continue;
    throw usage(
      'signer-uri',
      `The signer ${uri} has an unknown parameter ${name}.`,
      'Known are passphrase_env and passphrase_file.',
    );
  }
  if (parameters.size > 1) {
    throw usage('signer-uri', `The signer ${uri} has two passphrases.`, 'Leave one of them.');
  }
  if (file === '') throw usage('signer-uri', `The signer ${uri} names no file.`, 'Write file:PATH.');
  try {
    // file:///etc/key.pem is the same as file:/etc/key.pem.
    return { path: resolve(directory, decodeURIComponent(file.replace(/^\/\/(?=\/)/, ''))), parameters };
  } catch {
    throw usage(
      'signer-uri',
      `The signer ${uri} has a % that stands for no character.`,
      'Write %25 for a %.',
    );
  }
}

async function readPassphrase(
  uri: string,
  parameters: URLSearchParams,
  { directory, environment }: SignerEnvironment,
): Promise<string | undefined> {
  const variable = parameters.get('passphrase_env');
  if (variable !== null) {
    const value = environment[variable];
    if (value !== undefined && value !== '') return value;
    throw usage('passphrase', `The passphrase of ${uri} is not in the environment.`, `Set ${variable}.`);
  }
  const file = parameters.get('passphrase_file');
  if (file === null) return undefined;
  const text = await readSecret(resolve(directory, file), 'passphrase file');
  // An editor or echo ends the line; it is no part of the passphrase.
  return text.replace(/\r?\n$/, '');
}

function decode(pem: string, path: string, passphrase: string | undefined): KeyObject {
  const encrypted = pem.includes('BEGIN ENCRYPTED PRIVATE KEY');
  if (encrypted && passphrase === undefined) {
    throw usage(
      'passphrase',
      `The private key ${path} is encrypted and no passphrase is given.`,
      'Add ?passphrase_env=NAME or ?passphrase_file=PATH to its URI.',
    );
  }
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch (error) {
    if (encrypted)
      throw usage(
        'passphrase',
        `The passphrase does not open the private key ${path}.`,
        'Check the passphrase.',
      );
    const why = error instanceof Error ? error.message : String(error);
    throw usage(
      'key-unusable',
      `The file ${path} is no private key in PKCS#8 PEM form (${why}).`,
      'Put the right file there.',
    );
  }
}

function seedOf(key: KeyObject, path: string): Uint8Array {
  const { d } = key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'jwk' }) : {};
  if (d !== undefined) return Buffer.from(d, 'base64url');
  throw usage(
    'key-unusable',
    `The private key ${path} is of the type ${key.asymmetricKeyType ?? 'unknown'}, not Ed25519.`,
    'Make one with: openssl genpkey -algorithm ed25519.',
  );
}
