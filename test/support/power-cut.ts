import { link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hooks } from './simulated-process.js';

interface Entry {
  readonly inode: number;
  readonly isDirectory: boolean;
}

/**
 * A model of a disk that keeps nothing but what was fsynced: the content of a file since its own fsync, and the
 * names in a directory since the fsync of that directory. What a file system may keep beyond that is its luck.
 */
export class Disk {
  readonly #contents = new Map<number, Buffer>();
  readonly #names = new Map<number, ReadonlyMap<string, Entry>>();
  /** Paths of those that lie outside are ignored. */
  private constructor(readonly top: string) {}

  /** All that lies there now is durable. */
  static async at(top: string): Promise<Disk> {
    const disk = new Disk(top);
    await disk.#keepTree(top);
    return disk;
  }

  readonly hooks: Pick<Hooks, 'onMade' | 'onSynced'> = {
    onMade: async (path) => {
      const { inode, isDirectory } = await look(path);
      // An inode number may have been another file's before.
      this.#contents.delete(inode);
      if (isDirectory) this.#names.set(inode, new Map());
      else this.#names.delete(inode);
    },
    onSynced: (path) => this.#keep(path),
  };

  /**
   * Lays out what is left after a power cut.
   * @param names `durable`: files whose name was not fsynced are gone, and removed ones are back; `replaced`: so they are,
   *   but what has replaced something is there; `all`: every name is as it was, but what was not fsynced is empty.
   */
  async restore(to: string, names: 'durable' | 'replaced' | 'all'): Promise<void> {
    const placed = new Map<number, string>();
    const place = async (inode: number, from: string, target: string): Promise<void> => {
      await mkdir(target, { recursive: true });
      const now = names === 'durable' ? new Map<string, never>() : await entriesOf(from);
      const durable = this.#names.get(inode) ?? new Map<string, never>();
      for (const [name, before] of names === 'all' ? now : durable) {
        const entry = now.get(name) ?? before;
        const path = join(target, name);
        if (entry.isDirectory) {
          await place(entry.inode, join(from, name), path);
          continue;
        }
        const first = placed.get(entry.inode);
        if (first !== undefined) await link(first, path);
        else await writeFile(path, this.#contents.get(entry.inode) ?? Buffer.alloc(0));
        placed.set(entry.inode, path);
      }
    };
    await place((await look(this.top)).inode, this.top, to);
  }

  async #keepTree(path: string): Promise<void> {
    await this.#keep(path);
    for (const [name, { isDirectory }] of await entriesOf(path)) {
      if (isDirectory) await this.#keepTree(join(path, name));
      else await this.#keep(join(path, name));
    }
  }

  async #keep(path: string): Promise<void> {
    const { inode, isDirectory } = await look(path);
    if (isDirectory) this.#names.set(inode, await entriesOf(path));
    else this.#contents.set(inode, await readFile(path));
  }
}

async function look(path: string): Promise<Entry> {
  const found = await stat(path);
  return { inode: found.ino, isDirectory: found.isDirectory() };
}

async function entriesOf(directory: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  // What was removed and is back is empty, as far as it is known.
  const names = await readdir(directory).catch(() => []);
  for (const name of names) entries.set(name, await look(join(directory, name)));
  return entries;
}
