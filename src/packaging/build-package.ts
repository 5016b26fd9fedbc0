import { stat, unlink } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, relative, resolve, isAbsolute, basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hasErrno, ioError, permanent, usage } from '../errors/index.js';
import {
  fillNew,
  fsyncDirectory,
  linkOnce,
  makeDirectory,
  readIfPresent,
  replaceFile,
  temporaryPath,
} from '../files/index.js';
import { packageNames, type PackageNames } from './names.js';
import { listTree, type TreeEntry } from './tree.js';
import {
  addVersion,
  formatVersionList,
  parseVersionList,
  readVersionList,
  type PackageVersion,
  type VersionList,
} from './version-list.js';
import { writeZip } from './zip.js';

export interface PackageOptions {
  /** What goes into the zip: everything below it. */
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  /** Where the two files go; made if it is not there. */
  readonly out: string;
  /** File or URL of the list of the versions so far; without it, the one that lies in `out`, if any. */
  readonly from?: string;
  /** Default true; see {@link writeZip}. */
  readonly compress?: boolean;
  readonly onProgress?: (progress: PackageProgress) => void;
}

export interface PackageProgress {
  readonly files: number;
  readonly totalFiles: number;
  /** Of the files, not of the zip. */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly doing: string;
}

export interface PackageResult {
  readonly name: string;
  readonly version: string;
  /** Paths of the two files, and what they are called below `out` (to post them under). */
  readonly zip: {
    readonly path: string;
    readonly as: string;
    readonly size: number;
    readonly sha256: string;
  };
  readonly list: { readonly path: string; readonly as: string; readonly versions: number };
  readonly files: number;
  readonly bytes: number;
  /** False where the same bytes lay there already. */
  readonly created: boolean;
}

/**
 * Part 2: packs a directory into `<PACKAGE>-<VERSION>.zip` and lists it in `<PACKAGE>.json`. The same input gives
 * the same bytes. The zip is in place before the list names it, both are written whole or not at all; the list
 * of one package is to be written by one process at a time.
 *
 * @throws usage `package-name`, `package-version`, `package-directory`, `package-out`, `versions-missing`;
 *   permanent `package-entry`, `package-path`, `package-empty`, `package-changed`, `versions-invalid`,
 *   `version-exists`; transient ones of the file system and `versions-unreachable`.
 */
export async function buildPackage(options: PackageOptions): Promise<PackageResult> {
  const names = packageNames(options.name, options.version);
  const directory = resolve(options.directory);
  const out = resolve(options.out);
  await checkDirectories(directory, out);
  const listPath = join(out, names.index);
  // Before any work: a wrong --from is said at once.
  const before = await versionsSoFar(options.from, listPath, names);
  const entries = await listTree(directory);
  const zipPath = join(out, names.zip);
  await makeDirectory(dirname(zipPath));
  const { size, sha256, created } = await placeZip(zipPath, directory, entries, before, names, options);
  const list = addVersion(before, names.version, { file: names.zip, size, sha256 });
  const bytes = formatVersionList(list);
  const present = await readIfPresent(listPath);
  if (!present || Buffer.compare(present, bytes) !== 0) await replaceFile(listPath, bytes);
  const files = entries.filter(({ path }) => !path.endsWith('/'));
  return {
    name: names.name,
    version: names.version,
    zip: { path: zipPath, as: names.zip, size, sha256 },
    list: { path: listPath, as: names.index, versions: Object.keys(list.versions).length },
    files: files.length,
    bytes: files.reduce((sum, entry) => sum + entry.size, 0),
    created,
  };
}

async function checkDirectories(directory: string, out: string): Promise<void> {
  const isDirectory = await stat(directory).then(
    (status) => status.isDirectory(),
    (error: unknown) => {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw ioError(error, 'look at', directory);
    },
  );
  if (!isDirectory) {
    throw usage('package-directory', `There is no directory ${directory}.`, 'Name the directory to package.');
  }
  const inside = relative(directory, out);
  if (inside === '' || (inside !== '..' && !inside.startsWith('../') && !isAbsolute(inside))) {
    throw usage(
      'package-out',
      `The output directory ${out} lies inside the directory that is packaged.`,
      'Name one outside of it: the package would contain itself.',
    );
  }
}

async function versionsSoFar(
  from: string | undefined,
  listPath: string,
  { name }: PackageNames,
): Promise<VersionList> {
  if (from !== undefined) return readVersionList(from, name);
  const present = await readIfPresent(listPath);
  return present ? parseVersionList(present.toString('utf8'), listPath, name) : { name, versions: {} };
}

async function placeZip(
  path: string,
  directory: string,
  entries: readonly TreeEntry[],
  before: VersionList,
  names: PackageNames,
  { compress = true, onProgress }: PackageOptions,
): Promise<{ readonly size: number; readonly sha256: string; readonly created: boolean }> {
  const temporary = temporaryPath(dirname(path));
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
