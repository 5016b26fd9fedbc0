import { join } from 'node:path';
import { hasErrno, ioError } from '../../errors/index.js';
import { fsyncDirectory, removeFile, stat } from '../../files/index.js';
import { versionedName } from '../metadata/file-name.js';
import type { Repository } from '../repository.js';
import type { Tally } from './pruned.js';

/** A version of a metadata file. */
export interface MetadataVersion {
  /** File name without version. */
  readonly file: string;
  readonly version: number;
}

export function pathOfVersion({ paths }: Repository, { file, version }: MetadataVersion): string {
  return join(paths.metadata, versionedName(file, version));
}

/**
 * Removes superseded versions, durably. No version comes a second time, so whoever does this late takes nothing away
 * that anybody has put there again.
 */
export async function removeMetadata(
  repository: Repository,
  versions: Iterable<MetadataVersion>,
  tally: Tally,
  dryRun: boolean,
): Promise<void> {
  for (const version of versions) {
    const path = pathOfVersion(repository, version);
    const size = await sizeOf(path);
    if (size === undefined) continue;
    if (!dryRun) await removeFile(path);
    tally.metadata(path, size);
  }
  if (!dryRun) await fsyncDirectory(repository.paths.metadata);
}

/** Bytes, or undefined where there is no such file. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw ioError(error, 'look at', path);
  }
}
