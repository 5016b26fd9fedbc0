import { dirname, join } from 'node:path';
import { link, lstat, rename } from '../calls/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import type { Digest, HashAlgorithm } from '../copy.js';
import { removeFile } from '../durable.js';
import type { NewDirectories } from './new-directories.js';
import { readJournal, type Journal, type PartLine } from './journal.js';
import { partName } from './part-name.js';

/** What a file system says that cannot, or may not, link: the file is copied then. */
const NO_LINKS = ['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

interface Found<T> {
  readonly directory: string;
  readonly line: T;
}

/**
 * What earlier attempts at the same tree have made durable. Whole files are linked and stay where they are: an earlier
 * attempt may still be running, and may be the one that gets through. The part of a file is taken away by a rename.
 */
export class EarlierAttempts {
  readonly #whole = new Map<string, Found<Digest>>();
  readonly #parts = new Map<string, Found<PartLine>[]>();
  readonly #directories: string[] = [];

  /**
   * @param directories trees that may be of earlier attempts; those that are of something else are left alone.
   * @param algorithms what a digest has to have to be of use.
   */
  static async read(
    directories: readonly string[],
    of: string,
    algorithms: readonly HashAlgorithm[],
  ): Promise<EarlierAttempts> {
    const earlier = new EarlierAttempts();
    for (const directory of directories) {
      const journal = await readJournal(directory);
      if (journal?.of !== of) continue;
      earlier.#directories.push(directory);
      const isOfUse = ({ hashes }: Pick<Digest, 'hashes'>): boolean =>
        algorithms.every((name) => hashes[name] !== undefined);
      for (const [path, line] of journal.whole) {
        if (isOfUse(line)) earlier.#whole.set(path, { directory, line });
      }
      for (const [path, line] of journal.parts) {
        const known = earlier.#parts.get(path) ?? [];
        if (line.offset > 0 && isOfUse(line)) earlier.#parts.set(path, [...known, { directory, line }]);
      }
    }
    return earlier;
  }

  /**
   * Gives a file that an earlier attempt has finished its names in this tree too.
   * @param names where it lies below the top of any of the trees.
   * @returns its digest, or undefined where there is none, or not all of it.
   */
  async takeWhole(
    file: { readonly path: string; readonly length: number },
    names: readonly string[],
    top: string,
    directories: NewDirectories,
  ): Promise<Digest | undefined> {
    const found = this.#whole.get(file.path);
    if (found?.line.length !== file.length) return undefined;
    const linked: string[] = [];
    for (const name of names) {
      const to = join(top, name);
      await directories.make(dirname(to));
      if (await linkIfThere(join(found.directory, name), to)) linked.push(to);
      else break;
    }
    const [first] = linked;
    if (first !== undefined && linked.length === names.length && (await sizeOf(first)) === file.length) {
      return found.line;
    }
    for (const path of linked) await removeFile(path);
    return undefined;
  }

  /**
   * Takes the part of a large file that an earlier attempt has copied, the longest one, as `partName` below the top,
   * and removes all others: only one attempt goes on with a file, and no disk has to hold it several times.
   * @returns how much of it is durable, and the digests of that.
   */
  async takePart(path: string, top: string, journal: Journal): Promise<PartLine | undefined> {
    const to = join(top, partName(path));
    let taken: PartLine | undefined;
    for (const { directory, line } of this.#partsOf(path)) {
      // Before the rename: whoever comes after a crash between the two finds it here or there.
      await journal.add(line);
      await journal.flush();
      if (!(await renameIfThere(join(directory, partName(path)), to))) continue;
      if (((await sizeOf(to)) ?? 0) >= line.offset) {
        taken = line;
        break;
      }
      await removeFile(to);
    }
    // What was noted is not there: the part that is begun now is another.
    if (!taken && this.#parts.has(path)) await journal.add({ path, offset: 0, hashes: {} });
    for (const directory of this.#directories) await removeFile(join(directory, partName(path)));
    return taken;
  }

  #partsOf(path: string): readonly Found<PartLine>[] {
    return (this.#parts.get(path) ?? []).sort((a, b) => b.line.offset - a.line.offset);
  }
}

async function linkIfThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', ...NO_LINKS)) return false;
    throw ioError(error, 'link', to);
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw ioError(error, 'rename', from);
  }
}

/** Bytes of a regular file. */
async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw ioError(error, 'look at', path);
  });
  return stats.isFile() ? stats.size : undefined;
}
