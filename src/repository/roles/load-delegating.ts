import { rootAuthority } from '../authority.js';
import { loadRoot } from '../load-root.js';
import { parseDelegatingTargets, type DelegatingTargets } from '../metadata/delegations.js';
import { versionedName } from '../metadata/file-name.js';
import { TARGETS_FILE } from '../metadata/hash-bins.js';
import type { MetaEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { assertSigned } from '../signing.js';
import { mustLoadPublished } from './load-published.js';

/**
 * The top-level targets metadata of a repository with hash bins, verified: it says who signs for the bins.
 * @throws permanent `malformed-metadata`; transient `metadata-missing`, `metadata-differs`.
 */
export async function loadDelegating(repository: Repository, meta: MetaEntry): Promise<DelegatingTargets> {
  const cached = repository.cache.delegating.get(TARGETS_FILE, meta);
  if (cached) return cached;
  const bytes = await mustLoadPublished(repository, TARGETS_FILE, meta);
  const path = versionedName(TARGETS_FILE, meta.version);
  const delegating = parseDelegatingTargets(bytes, path);
  await assertSigned(rootAuthority(await loadRoot(repository), 'targets'), delegating.envelope, path);
  repository.cache.delegating.put(TARGETS_FILE, meta, delegating);
  return delegating;
}
