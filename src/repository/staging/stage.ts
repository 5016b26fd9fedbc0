import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError } from '../../errors/index.js';
import { fsyncDirectory, makeDirectory, removeTree, writeNew, type Bytes } from '../../files/index.js';
import type { Repository } from '../repository.js';

/**
 * A staged tree: `staging/<id>/` holds files where they will lie below the repository, `metadata/…` and
 * `targets/…`. Everything in it is durable before a record names it; a tree that no record names is nothing.
 */
export interface Stage {
  readonly id: string;
  readonly path: string;
}

/** Subtree whose files replace what is there (`timestamp.json`, plain target names), laid out like the repository. */
export const REPLACING = 'replace';

/**
 * Begins a stage of its own name.
 * @param purpose what it belongs to: `release-<id>`, or `commit-<number>` and its like for metadata; the sweep
 *   reads it to know when nobody can need the tree any more.
 */
export async function beginStage(repository: Repository, purpose: string): Promise<Stage> {
  const id = `${purpose}.${randomBytes(6).toString('hex')}`;
  const path = join(repository.paths.staging, id);
  // Not with its parents: where the repository is not mounted, nothing may be written in its place.
  await mkdir(path).catch((error: unknown) => {
    throw ioError(error, 'make', path);
  });
  await fsyncDirectory(repository.paths.staging);
  return { id, path };
}

export async function discardStage(stage: Stage): Promise<void> {
  await removeTree(stage.path);
}

/** A stage with one metadata file in it, durable when this returns. */
export async function stageMetadata(
  repository: Repository,
  purpose: string,
  file: { readonly name: string; readonly bytes: Bytes; readonly replaces?: boolean },
): Promise<Stage> {
  const stage = await beginStage(repository, purpose);
  try {
    const base = file.replaces ? join(stage.path, REPLACING) : stage.path;
    const directory = join(base, 'metadata');
    await makeDirectory(directory);
    await writeNew(join(directory, file.name), file.bytes);
    await fsyncDirectory(directory);
    return stage;
  } catch (error) {
    await discardStage(stage).catch(() => undefined);
    throw error;
  }
}
