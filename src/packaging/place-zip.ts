import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ioError, permanent } from '../errors/index.js';
import { fillNew, fsyncDirectory, linkOnce, temporaryPath, unlink } from '../files/index.js';
import type { PackageNames } from './names.js';
import type { TreeEntry } from './tree.js';
import { addVersion, type PackageVersion, type VersionList } from './version-list.js';
import { writeZip } from './zip.js';

export interface PackageProgress {
  readonly files: number;
  readonly totalFiles: number;
  /** Of the files, not of the zip. */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly doing: string;
}

export interface PlaceOptions {
  /** Default true; see {@link writeZip}. */
  readonly compress?: boolean;
  readonly onProgress?: (progress: PackageProgress) => void;
}

/**
 * Builds the zip under a temporary name and links it to its own: a version that clients may have is never
 * replaced. @param before the versions so far; nothing is placed that would contradict them.
 */
export async function placeZip(
  path: string,
  directory: string,
  entries: readonly TreeEntry[],
  before: VersionList,
  names: PackageNames,
  { compress = true, onProgress }: PlaceOptions,
): Promise<{ readonly size: number; readonly sha256: string; readonly created: boolean }> {
  const temporary = temporaryPath(path);
  const written = await fillNew(temporary, 0o666, (handle) =>
    writeZip({ handle, path: temporary }, directory, entries, {
      compress,
      ...(onProgress ? { onBytes: counting(entries, onProgress) } : {}),
    }),
  );
  try {
    const entry: PackageVersion = { file: names.zip, ...written };
    // Before the zip gets its name, so that a refused version leaves nothing behind.
    addVersion(before, names.version, entry);
    if ((await linkOnce(temporary, path)) === 'exists') {
      const present = await sha256Of(path);
      if (present === written.sha256) return { ...written, created: false };
      throw permanent(
        'version-exists',
        `${path} exists with other content (SHA-256 ${present}, now ${written.sha256}).`,
        'Give the new content a new version, or remove that file if it was never published.',
        path,
      );
    }
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await fsyncDirectory(dirname(path));
  return { ...written, created: true };
}

function counting(
  entries: readonly TreeEntry[],
  onProgress: (progress: PackageProgress) => void,
): (bytes: number, path: string) => void {
  const totalFiles = entries.filter(({ path }) => !path.endsWith('/')).length;
  const totalBytes = entries.reduce((sum, { size }) => sum + size, 0);
  let files = 0;
  let bytes = 0;
  let doing = '';
  return (more, path) => {
    if (path !== doing) files += 1;
    doing = path;
    bytes += more;
    onProgress({ files, totalFiles, bytes, totalBytes, doing: basename(path) });
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((error: unknown) => {
    throw ioError(error, 'read', path);
  });
  return hash.digest('hex');
}
