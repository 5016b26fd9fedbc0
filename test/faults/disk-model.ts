import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LoggedCall } from './calls.js';
import type { World } from './world.js';

/** One call that changed something, or made something durable. Paths are of the template: `$0/state/commits`. */
export interface Change {
  readonly name: 'create' | 'write' | 'fsync' | 'mkdir' | 'link' | 'rename' | 'unlink' | 'rmdir';
  readonly role: string;
  /** Number of the call in its process. */
  readonly number: number;
  readonly path: string;
  readonly second: string;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly shown: string;
}

interface FileNode {
  readonly kind: 'file';
  readonly mode: number;
  /** What the last fsync made durable; undefined before the first. */
  durable: Buffer | undefined;
  /** What was written, as every process sees it. */
  current: Buffer;
}

interface DirectoryNode {
  readonly kind: 'directory';
  readonly mode: number;
  readonly entries: Map<string, Node>;
}

type Node = FileNode | DirectoryNode;

/** A change of one entry of one directory that no fsync of that directory has made durable. */
interface PendingEntry {
  readonly directory: DirectoryNode;
  readonly name: string;
  /** Undefined where the name was removed. */
  readonly node: Node | undefined;
  /** The other half of a rename: a file is never lost between its two names. */
  readonly needs: PendingEntry | undefined;
  readonly shown: string;
}

/** What may be left of the disk, to be laid out for a recovery. */
export interface DiskState {
  readonly description: string;
  readonly digest: string;
  layOut(world: World): Promise<void>;
}

/**
 * A disk that may lose whatever was not fsynced: the bytes of a file since its own fsync (absent, torn, or there),
 * and each entry of a directory since the fsync of that directory, in any combination. Only a rename keeps its
 * word that the file has at least one of its names.
 */
export class DiskModel {
  readonly #roots: readonly DirectoryNode[];
  /** In the order in which they happened; the durable ones are in the directories of `#durable`. */
  #pending: PendingEntry[] = [];
  /** Entries of each directory as they are durable. */
  readonly #durable = new Map<DirectoryNode, Map<string, Node>>();

  private constructor(roots: readonly DirectoryNode[]) {
    this.#roots = roots;
  }

  /** The disk of a world at rest: all of it is durable. */
  static async read(world: World): Promise<DiskModel> {
    return new DiskModel((await Promise.all(world.roots.map((root) => readTree(root)))) as DirectoryNode[]);
  }

  /** The changes among the calls of a run, with paths that do not name the copy it ran on. */
  static changesOf(
    calls: readonly (LoggedCall & { readonly role: string })[],
    data: Buffer,
    world: World,
  ): Change[] {
    const general = (path: string): string =>
      world.roots.reduce(
        (text, root, index) => (text.startsWith(root) ? `$${String(index)}${text.slice(root.length)}` : text),
        path,
      );
    return calls.flatMap((call): Change[] => {
      if (call.result < 0) return [];
      const name = call.name === 'fdatasync' ? 'fsync' : call.name;
      if (!isChange(name)) return [];
      if (name === 'create' && !(call.offset & constants.O_EXCL)) throw new Error('creates are exclusive');
      const bytes = name === 'write' ? data.subarray(call.data, call.data + call.result) : Buffer.alloc(0);
      const last = call.second === '' ? call.path : call.second;
      const shown = general(last).split('/').slice(-2).join('/');
      return [
        {
          ...{
            name,
            role: call.role,
            number: call.number,
            path: general(call.path),
            second: general(call.second),
          },
          ...{ offset: call.offset, bytes, shown },
        },
      ];
    });
  }

  /** A disk on which these changes were made. */
  after(changes: readonly Change[]): DiskModel {
    const copies = new Map<Node, Node>();
    const model = new DiskModel(this.#roots.map((root) => copyTree(root, copies) as DirectoryNode));
    model.#rememberDurable();
    for (const change of changes) model.#apply(change);
    return model;
  }

  /**
   * What a power cut may leave now.
   * @param atMost where there are more, the extremes and a sample of the others.
   */
  states(atMost: number, random: () => number): DiskState[] {
    const pending = this.#pending;
    const dirty = this.#dirtyFiles();
    const choices = pending.length + dirty.length;
    const picks: (readonly [entries: boolean[], contents: Content[]])[] = [];
    const all = <T>(length: number, value: T): T[] => Array.from({ length }, () => value);
    const count = 2 ** pending.length * CONTENTS.length ** dirty.length;
    if (count <= atMost) {
      for (let index = 0; index < count; index++) {
        let rest = Math.floor(index / 2 ** pending.length);
        const contents = dirty.map(() => {
          const content = CONTENTS[rest % CONTENTS.length] ?? 'whole';
          rest = Math.floor(rest / CONTENTS.length);
          return content;
        });
        picks.push([pending.map((_, bit) => ((index >> bit) & 1) === 1), contents]);
      }
    } else {
      for (const content of CONTENTS) {
        picks.push([all(pending.length, true), all(dirty.length, content)]);
        picks.push([all(pending.length, false), all(dirty.length, content)]);
      }
      while (picks.length < atMost && choices > 0) {
        // Mostly there, mostly lost, or mixed.
        const share = [0.05, 0.5, 0.95][Math.floor(random() * 3)] ?? 0.5;
        picks.push([
          pending.map(() => random() < share),
          dirty.map(() => CONTENTS[Math.floor(random() * CONTENTS.length)] ?? 'whole'),
        ]);
      }
    }
    return picks.map(([entries, contents]) => this.#state(entries, contents, dirty));
  }

  #state(entries: readonly boolean[], contents: readonly Content[], dirty: readonly FileNode[]): DiskState {
    const kept = new Set(this.#pending.filter((_, index) => entries[index]));
    for (const entry of this.#pending) {
      const { needs } = entry;
      if (!needs || !this.#pending.includes(needs)) continue;
      // Within one directory, and of a directory always, a rename is one step.
      const isOneStep = needs.directory === entry.directory || needs.node?.kind === 'directory';
      if (!kept.has(needs)) kept.delete(entry);
      else if (isOneStep) kept.add(entry);
    }
    const bytes = new Map(dirty.map((file, index) => [file, contents[index] ?? 'whole'] as const));
    const layers = new Map<DirectoryNode, Map<string, Node>>();
    for (const entry of this.#pending) {
      if (!kept.has(entry)) continue;
      const layer = layers.get(entry.directory) ?? new Map(this.#durable.get(entry.directory));
      layers.set(entry.directory, layer);
      if (entry.node) layer.set(entry.name, entry.node);
      else layer.delete(entry.name);
    }
    const entriesOf = (directory: DirectoryNode): ReadonlyMap<string, Node> =>
      layers.get(directory) ?? this.#durable.get(directory) ?? new Map<string, Node>();
    const contentOf = (file: FileNode): Buffer => contentAs(file, bytes.get(file) ?? 'whole');
    const lost = this.#pending.filter((entry) => !kept.has(entry)).map(({ shown }) => shown);
    const description = `lost [${lost.join(', ')}], unsynced files ${contents.join(' ')}`;
    const roots = this.#roots;
    const hash = createHash('sha256');
    const seen = new Map<Node, number>();
    const digest = (directory: DirectoryNode): void => {
      for (const [name, node] of [...entriesOf(directory)].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const number = seen.get(node) ?? seen.size;
        seen.set(node, number);
        hash.update(`${name}\0${String(number)}\0`);
        if (node.kind === 'file') hash.update(contentOf(node));
        else digest(node);
        hash.update('\0');
      }
    };
    for (const root of roots) digest(root);

    return {
      description,
      digest: hash.digest('hex'),
      async layOut(world) {
        const placed = new Map<Node, string>();
        const place = async (directory: DirectoryNode, path: string): Promise<void> => {
          for (const [name, node] of entriesOf(directory)) {
            const target = join(path, name);
            // The configuration names the copy it belongs to.
            if (name === 'tufline.yaml') continue;
            const first = placed.get(node);
            placed.set(node, target);
            if (node.kind === 'directory') {
              await mkdir(target);
              await place(node, target);
            } else if (first !== undefined) await link(first, target);
            else {
              await writeFile(target, contentOf(node));
              await chmod(target, node.mode);
            }
          }
        };
        for (const [index, root] of roots.entries()) await place(root, world.roots[index] ?? '');
      },
    };
  }

  #rememberDurable(): void {
    const visit = (directory: DirectoryNode): void => {
      this.#durable.set(directory, new Map(directory.entries));
      for (const node of directory.entries.values()) if (node.kind === 'directory') visit(node);
    };
    for (const root of this.#roots) visit(root);
  }

  #apply({ name, path, second, offset, bytes }: Change): void {
    switch (name) {
      case 'create':
        this.#enter(path, { kind: 'file', mode: 0o644, durable: undefined, current: Buffer.alloc(0) });
        return;
      case 'mkdir': {
        const made: DirectoryNode = { kind: 'directory', mode: 0o755, entries: new Map() };
        this.#durable.set(made, new Map());
        this.#enter(path, made);
        return;
      }
      case 'write': {
        const file = this.#file(path);
        const end = offset + bytes.length;
        const next = Buffer.alloc(Math.max(end, file.current.length));
        file.current.copy(next);
        bytes.copy(next, offset);
        file.current = next;
        return;
      }
      case 'fsync': {
        const node = this.#find(path);
        if (node?.kind === 'file') node.durable = node.current;
        if (node?.kind === 'directory') {
          this.#durable.set(node, new Map(node.entries));
          this.#pending = this.#pending.filter(({ directory }) => directory !== node);
        }
        return;
      }
      case 'link':
        this.#enter(second, this.#mustFind(path));
        return;
      case 'unlink':
      case 'rmdir':
        this.#leave(path, undefined);
        return;
      case 'rename': {
        const node = this.#mustFind(path);
        this.#leave(path, this.#enter(second, node));
      }
    }
  }

  #enter(path: string, node: Node): PendingEntry {
    const { directory, name } = this.#parent(path);
    directory.entries.set(name, node);
    const entry = { directory, name, node, needs: undefined, shown: `+${name}` };
    this.#pending.push(entry);
    return entry;
  }

  #leave(path: string, needs: PendingEntry | undefined): void {
    const { directory, name } = this.#parent(path);
    directory.entries.delete(name);
    this.#pending.push({ directory, name, node: undefined, needs, shown: `-${name}` });
  }

  #parent(path: string): { directory: DirectoryNode; name: string } {
    const directory = this.#find(dirname(path));
    if (directory?.kind !== 'directory') throw new Error(`${path} has no directory`);
    return { directory, name: path.slice(dirname(path).length + 1) };
  }

  #find(path: string): Node | undefined {
    const [first = '', ...parts] = path.split('/');
    let node: Node | undefined = this.#roots[Number(first.slice(1))];
    for (const part of parts) node = node?.kind === 'directory' ? node.entries.get(part) : undefined;
    return node;
  }

  #mustFind(path: string): Node {
    const node = this.#find(path);
    if (!node) throw new Error(`${path} is not there`);
    return node;
  }

  #file(path: string): FileNode {
    const node = this.#mustFind(path);
    if (node.kind !== 'file') throw new Error(`${path} is no file`);
    return node;
  }

  /** Files whose bytes are not all durable, as far as any name may lead to them. */
  #dirtyFiles(): FileNode[] {
    const found = new Set<FileNode>();
    const visit = (node: Node | undefined): void => {
      if (node?.kind === 'file') {
        if (node.durable !== node.current) found.add(node);
      } else for (const below of node?.entries.values() ?? []) visit(below);
    };
    for (const root of this.#roots) visit(root);
    for (const { node } of this.#pending) visit(node);
    return [...found];
  }
}

/** What of a file's unsynced bytes is there. */
type Content = 'whole' | 'empty' | 'torn';
const CONTENTS: readonly Content[] = ['whole', 'empty', 'torn'];

function contentAs({ durable, current }: FileNode, content: Content): Buffer {
  if (durable === current || content === 'whole') return current;
  if (content === 'empty') return durable ?? Buffer.alloc(0);
  return current.subarray(0, Math.floor(current.length / 2));
}

function isChange(name: string): name is Change['name'] {
  return ['create', 'write', 'fsync', 'mkdir', 'link', 'rename', 'unlink', 'rmdir'].includes(name);
}

async function readTree(path: string, inodes = new Map<bigint, FileNode>()): Promise<Node> {
  const { mode } = await stat(path);
  const entries = new Map<string, Node>();
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) entries.set(entry.name, await readTree(below, inodes));
    else entries.set(entry.name, await readFileNode(below, inodes));
  }
  return { kind: 'directory', mode, entries };
}

async function readFileNode(path: string, inodes: Map<bigint, FileNode>): Promise<FileNode> {
  const { ino, mode } = await stat(path, { bigint: true });
  const known = inodes.get(ino);
  if (known) return known;
  const bytes = await readFile(path);
  const node: FileNode = { kind: 'file', mode: Number(mode) & 0o7777, durable: bytes, current: bytes };
  inodes.set(ino, node);
  return node;
}

function copyTree(node: Node, copies: Map<Node, Node>): Node {
  const known = copies.get(node);
  if (known) return known;
  if (node.kind === 'file') {
    const copy = { ...node };
    copies.set(node, copy);
    return copy;
  }
  const copy: DirectoryNode = { ...node, entries: new Map() };
  copies.set(node, copy);
  for (const [name, below] of node.entries) copy.entries.set(name, copyTree(below, copies));
  return copy;
}
