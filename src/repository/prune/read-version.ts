import { TuflineError } from '../../errors/index.js';
import { readIfPresent } from '../../files/index.js';
import { delegatesToBins, parseDelegatingTargets } from '../metadata/delegations.js';
import { parseEnvelope } from '../metadata/envelope.js';
import type { HashBins } from '../metadata/hash-bins.js';
import { parseTargetsSigned } from '../metadata/targets.js';
import type { Repository } from '../repository.js';
import { pathOfVersion, type MetadataVersion } from './remove-metadata.js';

/** What a version of a file of the targets roles says of targets. */
export interface ListedTargets {
  /** As in targets metadata; empty where it delegates. */
  readonly entries: Buffer;
  /** Where it delegates to bins. */
  readonly bins?: HashBins;
}

const NO_ENTRIES = Buffer.alloc(0);

/**
 * Reads a version that may be superseded. Past the cache, which is for what is current. Its bytes are not compared with
 * a record: nothing is signed over it, and what it names is removed only where no kept version lists it.
 *
 * @returns undefined where it is not there.
 */
export async function readVersion(
  repository: Repository,
  version: MetadataVersion,
): Promise<ListedTargets | undefined> {
  const path = pathOfVersion(repository, version);
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  const envelope = parseEnvelope(bytes, path);
  return delegatesToBins(envelope)
    ? { entries: NO_ENTRIES, bins: parseDelegatingTargets(bytes, path).bins }
    : { entries: parseTargetsSigned(envelope, path).entries };
}

/** As {@link readVersion}, for a version that clients may ask for. @throws transient `metadata-missing` */
export async function mustReadVersion(
  repository: Repository,
  version: MetadataVersion,
): Promise<ListedTargets> {
  const listed = await readVersion(repository, version);
  if (listed) return listed;
  const path = pathOfVersion(repository, version);
  throw new TuflineError({
    code: 'metadata-missing',
    kind: 'transient',
    message: `The metadata file ${path} is missing, so nobody can tell which target files it still needs.`,
    remedy: 'Restore this file from a backup or a mirror; until then no target file is pruned.',
    path,
  });
}
