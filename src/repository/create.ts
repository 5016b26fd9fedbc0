import { join } from 'node:path';
import { TOP_LEVEL_ROLES, type RoleName, type TopLevelRole } from '../config/config.js';
import { permanent } from '../errors/index.js';
import { makeDirectory, probeLink, putOnce, readIfPresent } from '../files/index.js';
import type { PublicKey, Signer } from '../signers/index.js';
import { rootAuthority } from './authority.js';
import { expiresAt } from './expiry.js';
import { keyId } from './keys.js';
import { envelopeBytes } from './metadata/envelope.js';
import { rootBytes, type RoleKeys } from './metadata/root.js';
import { openRepository, type Repository, type RepositoryOptions } from './repository.js';
import { initTargets, type InitOptions } from './roles/init-targets.js';
import { updateSnapshot } from './roles/snapshot-role.js';
import { updateTimestamp } from './roles/timestamp-role.js';
import { signRole } from './signing.js';

/** The signers of every role, for the first version of everything. */
export type RoleSigners = Readonly<Record<RoleName, readonly Signer[]>>;

/**
 * Makes a new repository: directories, `1.root.json`, and the first version of targets, snapshot and timestamp
 * through the same records as everything after them.
 *
 * @throws permanent `exists` where there is one; `no-exclusive-link`, `different-file-systems`.
 */
export async function createRepository(
  options: RepositoryOptions,
  signers: RoleSigners,
  { entries, onFile }: Pick<InitOptions, 'entries' | 'onFile'> = {},
): Promise<Repository> {
  const repository = openRepository(options);
  const { paths } = repository;
  for (const directory of Object.values<string>({ ...paths })) await makeDirectory(directory);
  const rootPath = join(paths.metadata, '1.root.json');
  if ((await readIfPresent(rootPath)) !== undefined) {
    throw permanent(
      'exists',
      `There is a TUF repository at ${options.repositoryPath}.`,
      'Choose another directory.',
    );
  }
  await probeLink(paths.staging, paths.metadata, 'init');
  await probeLink(paths.staging, paths.targets, 'init');
  await putOnce(rootPath, await firstRoot(repository, signers));
  const { count, style } = options.hashBins;
  await initTargets(repository, signers, {
    ...(count > 0 ? { hashBins: { count, style } } : {}),
    ...(entries ? { entries } : {}),
    ...(onFile ? { onFile } : {}),
  });
  await updateSnapshot(repository, signers.snapshot);
  await updateTimestamp(repository, signers.timestamp);
  return repository;
}

async function firstRoot(repository: Repository, signers: RoleSigners): Promise<Buffer> {
  const { options } = repository;
  const keys: Record<string, PublicKey> = {};
  const delegate = (role: TopLevelRole): RoleKeys => {
    const ids = signers[role].map(({ publicKey: { keytype, scheme, keyval } }) => {
      const key = { keytype, scheme, keyval: { public: keyval.public } };
      const id = keyId(key, options.keyIds);
      keys[id] = key;
      return id;
    });
    return { keyids: [...new Set(ids)], threshold: options.roles[role].threshold };
  };
  const roles = {
    root: delegate('root'),
    targets: delegate('targets'),
    snapshot: delegate('snapshot'),
    timestamp: delegate('timestamp'),
  };
  const expires = expiresAt(repository.now(), options.roles.root.expiry);
  const root = { version: 1, expires, keys, roles };
  for (const role of TOP_LEVEL_ROLES) {
    // Fails here, with a sentence, rather than leave a root that nobody can sign for.
    await signRole(rootAuthority(root, role), signers[role], Buffer.from('probe'));
  }
  return Buffer.concat(
    envelopeBytes(await signRole(rootAuthority(root, 'root'), signers.root, rootBytes(root))),
  );
}
