import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ioError } from '../../errors/index.js';
import {
  abandonNew,
  createNew,
  type FileAccess,
  finishFile,
  fsyncDirectory,
  mkdir,
  removeTree,
  writeAll,
  writeNew,
} from '../../files/index.js';
import type { Repository } from '../repository.js';

/**
 * A staged tree, `staging/<id>/`, of a purpose that its name tells (docs/records.md). Everything in it is durable before
 * a record names it; a tree that no record names is nothing.
 */
export interface Stage {
  readonly id: string;
  readonly path: string;
}

/** A stage of signed metadata: the files have their final names. */
export interface MetadataStage extends Stage {
  /** Written and not fsynced yet: the fsyncs of a stage are done side by side. Without it each is done at once. */
  readonly unfinished?: { readonly handle: FileAccess; readonly path: string }[];
}

/** Of a release: subtree whose files replace what is there (plain target names), laid out like the repository. */
export const REPLACING = 'replace';

/** More files than this are not kept open at once. */
const UNFINISHED = 8;

/**
 * Begins a stage of its own name. It is durable once `staging/` has been fsynced after it; whoever appends a record
 * that names stages does that (see {@link makeStageDurable}).
 * @param purpose what it belongs to: `release-<id>`, or `commit-<number>` and its like for metadata; the sweep
 *   reads it to know when nobody can need the tree any more.
 */
export async function beginStage(repository: Repository, purpose: string): Promise<Stage> {
  const id = stageId(purpose);
  const path = join(repository.paths.staging, id);
  // Not with its parents: where the repository is not mounted, nothing may be written in its place.
  await mkdir(path).catch((error: unknown) => {
    throw ioError(error, 'make', path);
  });
  return { id, path };
}

/** A name that nobody else has. */
export function stageId(purpose: string): string {
  return `${purpose}.${randomBytes(6).toString('hex')}`;
}

export async function discardStage(stage: Stage): Promise<void> {
  await removeTree(stage.path);
}

/** Begins a stage for signed metadata. */
export async function beginMetadataStage(repository: Repository, purpose: string): Promise<MetadataStage> {
  const stage = await beginStage(repository, purpose);
  return { ...stage, unfinished: [] };
}

/** Writes one file into the stage. It is durable when the stage is. */
export async function addMetadata(
  stage: MetadataStage,
  name: string,
  pieces: readonly Uint8Array[],
): Promise<void> {
  const { unfinished } = stage;
  const path = join(stage.path, name);
  if (!unfinished) return writeNew(path, pieces);
  const handle = await createNew(path, 0o666);
  unfinished.push({ handle, path });
  for (const piece of pieces) await writeAll(handle, piece, path);
  while (unfinished.length > UNFINISHED) await finishNext(unfinished);
}

async function finishNext(unfinished: NonNullable<MetadataStage['unfinished']>): Promise<void> {
  const file = unfinished.shift();
  if (file) await finish(file);
}

async function finish({
  handle,
  path,
}: {
  readonly handle: FileAccess;
  readonly path: string;
}): Promise<void> {
  try {
    await finishFile(handle, path);
  } catch (error) {
    await abandonNew(handle, path);
    throw error;
  }
}

/** Makes the files and entries of the stage durable, and the entry of every stage that was begun before it. */
export async function makeStageDurable(repository: Repository, stage: MetadataStage): Promise<void> {
  const files = stage.unfinished?.splice(0) ?? [];
  const directories = [stage.path, repository.paths.staging];
  const outcomes = await Promise.allSettled([
    ...files.map(finish),
    ...directories.map((directory) => fsyncDirectory(directory)),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Gives a stage up that no record names: what was not finished is closed. */
export async function abandonStage(stage: MetadataStage): Promise<void> {
  for (const { handle } of stage.unfinished?.splice(0) ?? []) await handle.close().catch(() => undefined);
  await discardStage(stage);
}
