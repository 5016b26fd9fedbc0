import { join } from 'node:path';
import { TuflineError } from '../errors/index.js';
import { readIfPresent } from '../files/index.js';
import { rootAuthority } from './authority.js';
import { parseRoot, type RootMetadata } from './metadata/root.js';
import { assertSigned } from './signing.js';
import type { Repository } from './repository.js';

/**
 * The newest root, found as clients find it (§5.3): from version 1 upwards, each signed by the keys of the one
 * before and by its own.
 */
export async function loadRoot(repository: Repository): Promise<RootMetadata> {
  let current = repository.cache.root;
  for (;;) {
    const version = (current?.version ?? 0) + 1;
    const path = join(repository.paths.metadata, `${String(version)}.root.json`);
    const bytes = await readIfPresent(path);
    if (bytes === undefined) break;
    const next = parseRoot(bytes, path);
    if (next.version !== version) throw notInSequence(path, next.version);
    if (current) await assertSigned(rootAuthority(current, 'root'), next.envelope, path);
    await assertSigned(rootAuthority(next, 'root'), next.envelope, path);
    current = repository.cache.root = next;
  }
  if (current) return current;
  throw new TuflineError({
    code: 'no-repository',
    kind: 'transient',
    message: `There is no TUF repository at ${repository.options.repositoryPath}: metadata/1.root.json is missing.`,
    remedy: 'Check that the directory is mounted, or make an instance with "tufline init".',
    path: repository.options.repositoryPath,
  });
}

function notInSequence(path: string, version: number): TuflineError {
  return new TuflineError({
    code: 'malformed-metadata',
    kind: 'permanent',
    message: `The metadata file ${path} says that it is version ${String(version)}.`,
    remedy: 'Restore this file from a backup or a mirror.',
    path,
  });
}
