import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError, permanent, type TuflineError } from '../errors/index.js';

/** A file or an empty directory of a package. */
export interface TreeEntry {
  /** Relative to the package's directory, with `/`; a directory ends with one. */
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/**
 * Lists what goes into a package, sorted by the bytes of the paths, so that neither the locale nor the order in
 * which the file system lists its entries shows in the result. Directories are listed only where they are empty:
 * the others are there by their files.
 *
 * @throws permanent errors `package-entry` (neither file nor directory), `package-path`, `package-empty`.
 */
export async function listTree(directory: string): Promise<TreeEntry[]> {
  const entries: { readonly entry: TreeEntry; readonly bytes: Buffer }[] = [];
  const walk = async (prefix: string): Promise<void> => {
    const children = await read(join(directory, prefix));
    if (children.length === 0 && prefix !== '') add({ path: prefix, size: 0, executable: false });
    for (const child of children) {
      const path = prefix + nameOf(child, prefix);
      if (child.isDirectory()) await walk(`${path}/`);
      else add(await fileEntry(directory, path));
    }
  };
  const add = (entry: TreeEntry) => entries.push({ entry, bytes: Buffer.from(entry.path) });
  await walk('');
  if (!entries.some(({ entry }) => !entry.path.endsWith('/'))) {
    throw permanent(
      'package-empty',
      `There is no file in ${directory}.`,
      'Name the directory that holds what is to be packaged.',
      directory,
    );
  }
  return entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ entry }) => entry);
}

async function read(path: string): Promise<Dirent<Buffer>[]> {
  // As bytes: a name that is no UTF-8 would come back as another name, which is not there.
  return readdir(path, { withFileTypes: true, encoding: 'buffer' }).catch((error: unknown) => {
    throw ioError(error, 'list', path);
  });
}

async function fileEntry(directory: string, path: string): Promise<TreeEntry> {
  const status = await lstat(join(directory, path)).catch((error: unknown) => {
    throw ioError(error, 'look at', join(directory, path));
  });
  if (status.isSymbolicLink()) {
    throw refused(path, 'is a symbolic link', 'Replace it by the file that it points to.', 'package-entry');
  }
  if (!status.isFile()) {
    throw refused(path, 'is neither a file nor a directory', 'Remove it.', 'package-entry');
  }
  return { path, size: status.size, executable: (status.mode & 0o100) !== 0 };
}

function nameOf(child: Dirent<Buffer>, prefix: string): string {
  const name = child.name.toString('utf8');
  const path = prefix + name;
  if (Buffer.compare(Buffer.from(name), child.name) !== 0) {
    throw refused(path, 'has a name that is not UTF-8', 'Rename it.', 'package-path');
  }
  // Programs that unpack take a backslash for a slash, and a colon after one letter for a drive.

  if (/[\\\u0000-\u001f\u007f-\u009f]/.test(name) || (prefix === '' && /^[A-Za-z]:/.test(name))) {
    throw refused(path, 'has a name that cannot be unpacked everywhere', 'Rename it.', 'package-path');
  }
  return name;
}

function refused(path: string, what: string, remedy: string, code: string): TuflineError {
  return permanent(code, `${JSON.stringify(path)} ${what}, which cannot be packaged.`, remedy, path);
}
