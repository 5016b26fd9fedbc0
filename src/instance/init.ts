import { mkdir, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import {
  configSchema,
  parseConfig,
  ROLES,
  type Config,
  type HashBinsStyle,
  type RoleName,
} from '../config/index.js';
import { hasErrno, ioError, usage, type TuflineError } from '../errors/index.js';
import { fsyncDirectory, makeDirectory, writeNew } from '../files/index.js';
import { createRepository, type RoleSigners } from '../repository/index.js';
import { generateKey, openSigners } from '../signers/index.js';
import { configText } from './config-text.js';

export interface InitOptions {
  /** The repository's name; default the default of the configuration. */
  readonly name?: string;
  /** Encrypts every private key; the configuration then asks for it in the variable {@link PASSPHRASE_VARIABLE}. */
  readonly passphrase?: string;
  /** Keeps targets in this many hash bins, a power of two; 0, the default, in one file. */
  readonly hashBins?: number;
  /** How targets metadata says which bin a target is in. */
  readonly style?: HashBinsStyle;
  /** Called with each of them as they are made. */
  readonly onBin?: (file: string) => void;
}

export interface InitResult {
  readonly config: Config;
  /** The private key of each role, relative to the instance. */
  readonly keys: Readonly<Record<RoleName, string>>;
}

/** Environment variable that the keys of an instance made with a passphrase are opened with. */
export const PASSPHRASE_VARIABLE = 'TUFLINE_PASSPHRASE';

const OURS = ['tufline.yaml', 'keys', 'repository', 'state', 'inbound', 'post-to-tuf'];

/**
 * Makes a working instance: keys (one directory a role), directories, signed metadata, and last the
 * configuration, so that a half-made instance is never taken for a whole one.
 *
 * @param directory made if it is not there; what else lies in it is left alone.
 * @throws usage `exists` where anything of an instance is there already, `instance-name` for a wrong name;
 *   what {@link createRepository} throws.
 */
export async function initInstance(directory: string, options: InitOptions = {}): Promise<InitResult> {
  const instance = resolve(directory);
  const { name = 'tufline', passphrase, hashBins: count = 0, style = 'path_hash_prefixes' } = options;
  const file = join(instance, 'tufline.yaml');
  checkName(name);
  checkBinCount(count);
  await refuseExisting(instance);
  await makeDirectory(instance);
  await makeKeysDirectory(instance);
  const keys: Record<RoleName, string> = { root: '', targets: '', bins: '', snapshot: '', timestamp: '' };
  for (const role of ROLES) {
    const { path } = await generateKey(join(instance, 'keys', role), passphrase);
    keys[role] = relative(instance, path);
  }
  const query = passphrase === undefined ? '' : `?passphrase_env=${PASSPHRASE_VARIABLE}`;
  const text = configText({ name, hashBins: { count, style } }, (role) => `file:${keys[role]}${query}`);
  const config = parseConfig(text, file);
  for (const path of [config.postToTufPath, config.inboundPath]) await makeDirectory(path);
  await createRepository(config, await signersOf(config, passphrase), {
    ...(options.onBin ? { onFile: options.onBin } : {}),
  });
  await writeNew(file, Buffer.from(text));
  await fsyncDirectory(instance);
  return { config, keys };
}

/** What `init` tells the person who made an instance about its root key. */
export function rootKeyNotice({ config, keys }: InitResult): string {
  const key = join(config.directory, keys.root);
  return (
    `The root key is online: ${key}. Whoever has it can replace every other key. No worker needs it; ` +
    'before clients rely on this repository, copy it to two media that you keep locked away and delete it here ' +
    '(docs/operating.md).'
  );
}

function checkName(name: string): void {
  const { error } = configSchema.shape.name.safeParse(name);
  if (!error) return;
  const why = error.issues[0]?.message ?? 'choose another one';
  throw usage('instance-name', `The name ${JSON.stringify(name)} cannot be used.`, `For a name, ${why}.`);
}

/** @throws usage `hash-bins` where there cannot be so many. */
export function checkBinCount(count: number): void {
  const { error } = configSchema.shape.hash_bins.safeParse({ count });
  if (!error) return;
  const why = error.issues[0]?.message ?? 'choose another number';
  throw usage('hash-bins', `There cannot be ${String(count)} hash bins.`, `For their number, ${why}.`);
}

/** Exclusively: of two inits at once in one directory, one goes on. */
async function makeKeysDirectory(instance: string): Promise<void> {
  const path = join(instance, 'keys');
  await mkdir(path, 0o711).catch((error: unknown) => {
    if (hasErrno(error, 'EEXIST')) throw halfMade(instance, ['keys']);
    throw ioError(error, 'make', path);
  });
}

async function signersOf(config: Config, passphrase: string | undefined): Promise<RoleSigners> {
  const environment = { [PASSPHRASE_VARIABLE]: passphrase };
  const open = (role: RoleName) =>
    openSigners(config.roles[role].keys, { directory: config.directory, environment });
  return {
    root: await open('root'),
    targets: await open('targets'),
    bins: await open('bins'),
    snapshot: await open('snapshot'),
    timestamp: await open('timestamp'),
  };
}

async function refuseExisting(directory: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return;
    if (hasErrno(error, 'ENOTDIR')) {
      throw usage(
        'exists',
        `${directory} is no directory.`,
        'Name a directory, or one that does not exist yet.',
      );
    }
    throw ioError(error, 'read', directory);
  }
  if (names.includes('tufline.yaml')) {
    throw usage(
      'exists',
      `There is an instance at ${directory} already.`,
      'Use it as it is, or choose another directory.',
    );
  }
  const found = OURS.filter((name) => names.includes(name));
  if (found.length > 0) throw halfMade(directory, found);
}

function halfMade(directory: string, found: readonly string[]): TuflineError {
  return usage(
    'exists',
    `${directory} has no tufline.yaml, but ${found.join(', ')}: perhaps of an init that was cut short.`,
    'Choose another directory, or remove what is there if nobody needs it (it may hold private keys).',
  );
}
