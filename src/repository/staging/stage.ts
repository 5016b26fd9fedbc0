import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/** A stage of signed metadata. */
export interface MetadataStage extends Stage {
  /** Where the files are put. */
  readonly metadata: string;
}

/** Subtree whose files replace what is there (`timestamp.json`, plain target names), laid out like the repository. */
export const REPLACING = 'replace';

/**
 * Begins a stage of its own name. It is durable once `staging/` has been fsynced after it; whoever appends a record
 * that names stages does that (see {@link makeStageDurable}).
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
  return { id, path };
}

export async function discardStage(stage: Stage): Promise<void> {
  await removeTree(stage.path);
}

/** Begins a stage for signed metadata. `replaces`: of files that replace what is there. */
export async function beginMetadataStage(
  repository: Repository,
  purpose: string,
  replaces = false,
): Promise<MetadataStage> {
  const stage = await beginStage(repository, purpose);
  const metadata = join(replaces ? join(stage.path, REPLACING) : stage.path, 'metadata');
  await makeDirectory(metadata);
  return { ...stage, metadata };
}

/** Writes and fsyncs one file into the stage; its entry becomes durable with the stage. */
export async function addMetadata(stage: MetadataStage, name: string, bytes: Bytes): Promise<void> {
  await writeNew(join(stage.metadata, name), bytes);
}

/** Makes all entries of the stage durable, and those of every stage that was begun before it. */
export async function makeStageDurable(repository: Repository, stage: MetadataStage): Promise<void> {
  const directories = [repository.paths.staging];
  for (let path = stage.metadata; path !== repository.paths.staging; path = dirname(path))
    directories.push(path);
  await Promise.all(directories.map((directory) => fsyncDirectory(directory)));
}
