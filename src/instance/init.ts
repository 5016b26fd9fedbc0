import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { parseConfig, ROLES, type Config, type RoleName } from '../config/index.js';
import { hasErrno, ioError, usage } from '../errors/index.js';
import { fsyncDirectory, makeDirectory, writeNew } from '../files/index.js';
import { createRepository, type RoleSigners } from '../repository/index.js';
import { generateKey, openSigners } from '../signers/index.js';
import { configText } from './config-text.js';

export interface InitOptions {
  /** The repository's name; default the default of the configuration. */
  readonly name?: string;
  /** Encrypts every private key; the configuration then asks for it in the environment variable TUFLINE_PASSPHRASE. */
  readonly passphrase?: string;
}

export interface InitResult {
  readonly config: Config;
  readonly keys: Readonly<Record<RoleName, string>>;
}

const OURS = ['tufline.yaml', 'keys', 'repository', 'state', 'inbound', 'post-to-tuf'];
const PASSPHRASE_VARIABLE = 'TUFLINE_PASSPHRASE';

/**
 * Makes a working instance: keys (one directory a role), directories, signed metadata, and last the
 * configuration, so that a half-made instance is never taken for a whole one.
 *
 * @throws usage `exists` where anything of an instance is there already.
 */
export async function initInstance(directory: string, options: InitOptions = {}): Promise<InitResult> {
  const instance = resolve(directory);
  await refuseExisting(instance);
  const file = join(instance, 'tufline.yaml');
  await makeDirectory(instance);
  const keys: Record<RoleName, string> = { root: '', targets: '', snapshot: '', timestamp: '' };
  await makeDirectory(join(instance, 'keys'));
  for (const role of ROLES) {
    const { path } = await generateKey(join(instance, 'keys', role), options.passphrase);
    keys[role] = relative(instance, path);
  }
  const query = options.passphrase === undefined ? '' : `?passphrase_env=${PASSPHRASE_VARIABLE}`;
  const text = configText(options.name ?? 'tufline', (role) => `file:${keys[role]}${query}`);
  const config = parseConfig(text, file);
  for (const path of [config.postToTufPath, config.inboundPath]) await makeDirectory(path);
  const environment = { [PASSPHRASE_VARIABLE]: options.passphrase };
  const signersOf = (role: RoleName) =>
    openSigners(config.roles[role].keys, { directory: instance, environment });
  const signers: RoleSigners = {
    root: await signersOf('root'),
    targets: await signersOf('targets'),
    snapshot: await signersOf('snapshot'),
    timestamp: await signersOf('timestamp'),
  };
  await createRepository(config, signers);
  await writeNew(file, Buffer.from(text));
  await fsyncDirectory(instance);
  return { config, keys };
}

async function refuseExisting(directory: string): Promise<void> {
  let names: string[];
  try {
    if (!(await stat(directory)).isDirectory()) {
      throw usage('exists', `${directory} is not a directory.`, 'Name a directory that does not exist yet.');
    }
    names = await readdir(directory);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return;
    throw ioError(error, 'read', directory);
  }
  if (names.includes('tufline.yaml')) {
    throw usage(
      'exists',
      `There is an instance at ${directory} already.`,
      `Use it as it is, or choose another directory than ${basename(directory)}.`,
    );
  }
  const found = OURS.filter((name) => names.includes(name));
  if (found.length === 0) return;
  throw usage(
    'exists',
    `${directory} has no tufline.yaml, but ${found.join(', ')} ${found.length === 1 ? 'is' : 'are'} there: perhaps an init that was cut short.`,
    'Choose another directory, or remove these if nobody needs them (they may hold private keys).',
  );
}
