import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { hasErrno, ioError, usage } from '../errors/index.js';
import { makeDirectory, readIfPresent, replaceFile } from '../files/index.js';
import { packageNames, type PackageNames } from './names.js';
import { placeZip, type PlaceOptions } from './place-zip.js';
import { listTree } from './tree.js';
import {
  addVersion,
  formatVersionList,
  parseVersionList,
  readVersionList,
  type VersionList,
} from './version-list.js';

export interface PackageOptions extends PlaceOptions {
  /** What goes into the zip: everything below it. */
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  /** Where the two files go; made if it is not there. */
  readonly out: string;
  /** File or URL of the list of the versions so far; without it, the one that lies in `out`, if any. */
  readonly from?: string;
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
