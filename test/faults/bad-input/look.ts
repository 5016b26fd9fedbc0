import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Executor } from '../bare/executors.js';
import { freshConductor, type World } from '../world.js';

/** A conductor that takes no failure for granted: nothing here is transient. */
export function strict(world: World) {
  const fresh = freshConductor(world.config);
  return {
    ...fresh,
    executor: (role: Parameters<typeof fresh.executor>[0]): Executor => fresh.executor(role),
    onFailure: (_: string, name: string, failure: { type: string; message: string }): Promise<void> =>
      Promise.reject(new Error(`${name} fails: ${failure.type}: ${failure.message}`)),
  };
}

/** Content by path, names that are no UTF-8 in hex; undefined for what is no file. */
export type Tree = Record<string, string | undefined>;

export async function treeOf(top: string): Promise<Tree> {
  const tree: Tree = {};
  const visit = async (path: Buffer, within: string): Promise<void> => {
    for (const raw of await readdir(path, { encoding: 'buffer' })) {
      const text = raw.toString('utf8');
      const name = `${within}${Buffer.from(text).equals(raw) ? text : `0x${raw.toString('hex')}`}`;
      const below = Buffer.concat([path, Buffer.from('/'), raw]);
      const stats = await lstat(below);
      if (stats.isDirectory()) await visit(below, `${name}/`);
      else if (stats.isSymbolicLink()) tree[name] = `-> ${await readlink(below)}`;
      else tree[name] = await readFile(below, 'utf8');
    }
  };
  await visit(Buffer.from(top), '');
  return tree;
}

/** What lies under plain names. */
export async function publishedFiles(world: World): Promise<Record<string, string>> {
  const tree = await treeOf(join(world.config.repositoryPath, 'targets'));
  const plainNames = Object.entries(tree).filter(([path]) => !/(^|\/)[0-9a-f]{64}\./.test(path));
  return Object.fromEntries(plainNames.map(([path, content]) => [path, content ?? '']));
}

export function mustBe(actual: unknown, expected: unknown, what: string): void {
  if (fc.stringify(actual) !== fc.stringify(expected)) {
    throw new Error(`${what}: ${fc.stringify(actual)} instead of ${fc.stringify(expected)}`);
  }
}

export function mustAgree(complaints: readonly string[]): Promise<void> {
  return complaints.length === 0 ? Promise.resolve() : Promise.reject(new Error(complaints.join('; ')));
}
