import { join } from 'node:path';
import { TuflineError } from '../../errors/index.js';
import { digestOf, readIfPresent } from '../../files/index.js';
import { versionedName } from '../metadata/file-name.js';
import type { MetaEntry } from '../records/records.js';
import type { Repository } from '../repository.js';

/**
 * Bytes of a metadata file as a record describes them.
 * @returns undefined where the file is not in place yet.
 * @throws permanent `metadata-differs` where its bytes are others.
 */
export async function loadPublished(
  repository: Repository,
  name: string,
  meta: MetaEntry,
): Promise<Buffer | undefined> {
  const path = join(repository.paths.metadata, versionedName(name, meta.version));
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  const digest = digestOf(bytes, ['sha256']);
  if (digest.length === meta.length && digest.hashes.sha256 === meta.hashes.sha256) return bytes;
  throw new TuflineError({
    code: 'metadata-differs',
    kind: 'transient',
    message: `The metadata file ${path} is not the one that was recorded (${String(digest.length)} bytes instead of ${String(meta.length)}, or another hash).`,
    remedy: 'Restore this file from a backup or a mirror; until then nothing new is signed over it.',
    path,
  });
}

/** As {@link loadPublished}, for a file that must be there. @throws `metadata-missing` */
export async function mustLoadPublished(
  repository: Repository,
  name: string,
  meta: MetaEntry,
): Promise<Buffer> {
  const bytes = await loadPublished(repository, name, meta);
  if (bytes !== undefined) return bytes;
  const path = join(repository.paths.metadata, versionedName(name, meta.version));
  throw new TuflineError({
    code: 'metadata-missing',
    kind: 'transient',
    message: `The metadata file ${path} is recorded but missing.`,
    remedy: 'Restore this file from a backup or a mirror; until then nothing new is signed over it.',
    path,
  });
}
