import { usage } from '../errors/index.js';
import { openFileSigner } from './file-signer.js';
import type { Signer, SignerEnvironment } from './signer.js';

type Open = (uri: string, environment: SignerEnvironment) => Promise<Signer>;

const SCHEMES: ReadonlyMap<string, Open> = new Map([['file', openFileSigner]]);

/**
 * Opens the key that a URI names, `file:keys/targets/ab12.pem?passphrase_env=TARGETS_PASSPHRASE`.
 * @throws usage errors `signer-scheme`, `key-missing`, `key-readable-by-others`, `key-unusable`, `passphrase`.
 */
export async function openSigner(uri: string, environment: SignerEnvironment): Promise<Signer> {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(uri)?.[1] ?? '';
  const open = SCHEMES.get(scheme);
  if (open) return open(uri, environment);
  throw usage(
    'signer-scheme',
    `The signer ${uri} is of a kind that this version does not know.`,
    `Known kinds: ${[...SCHEMES.keys()].map((name) => `${name}:`).join(', ')} (docs/configuration.md).`,
  );
}

/** As {@link openSigner}, for all keys of a role. */
export async function openSigners(
  uris: readonly string[],
  environment: SignerEnvironment,
): Promise<Signer[]> {
  return Promise.all(uris.map((uri) => openSigner(uri, environment)));
}
