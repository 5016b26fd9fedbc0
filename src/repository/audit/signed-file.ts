import { join } from 'node:path';
import type { Authority } from '../authority.js';
import { timeLeft } from '../expiry.js';
import type { Envelope } from '../metadata/envelope.js';
import { versionedName } from '../metadata/file-name.js';
import type { MetaEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { loadPublished } from '../roles/load-published.js';
import { countSignatures } from '../signing.js';

/** Notes something that is off. */
export type Report = (code: string, message: string, path?: string) => void;

/** Bytes of a recorded file; a missing one is a finding. */
export async function present(
  repository: Repository,
  name: string,
  meta: MetaEntry,
  report: Report,
): Promise<Buffer | undefined> {
  const bytes = await loadPublished(repository, name, meta);
  const path = join(repository.paths.metadata, versionedName(name, meta.version));
  if (!bytes) report('metadata-missing', `The metadata file ${path} is recorded but missing.`, path);
  return bytes;
}

/** Signatures, version and expiry of one metadata file. */
export async function auditSigned(
  repository: Repository,
  authority: Authority,
  metadata: { readonly version: number; readonly expires: string; readonly envelope: Envelope },
  meta: MetaEntry,
  path: string,
  report: Report,
): Promise<void> {
  const count = await countSignatures(authority, metadata.envelope);
  if (count < authority.threshold) {
    report(
      'bad-signature',
      `${path} has ${String(count)} valid signatures of the ${String(authority.threshold)} that ${authority.by} wants.`,
      path,
    );
  }
  if (metadata.version !== meta.version) {
    report('wrong-version', `${path} says that it is version ${String(metadata.version)}.`, path);
  }
  if (timeLeft(metadata.expires, repository.now()) <= 0) {
    report('expired-metadata', `${path} expired on ${metadata.expires}.`, path);
  }
}
