import { dirname, join } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../../errors/index.js';
import {
  eachAtOnce,
  fsyncDirectory,
  linkOnce,
  makeDirectories,
  removeFile,
  removeTree,
  rmdir,
  stat,
} from '../../files/index.js';
import { indexReleases } from '../records/release-index.js';
import type { BaseRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { renameOnce } from './rename-once.js';
import { sameContent } from './same-content.js';
import { readStage, type StageContent } from './stage-content.js';
import { isTrash, moveToTrash } from './trash.js';

const AT_ONCE = 8;

/**
 * Puts everything that a record has staged in its place, removes what it removes, and makes its releases known: the
 * redo. Runs to the same end however often, and by however many at once; a stage that is gone has been put in place by
 * somebody else, who made it durable before removing it.
 */
export async function redo(repository: Repository, record: BaseRecord): Promise<void> {
  await install(repository, record, await readStages(repository, record));
}

/** What lies in the stages of a record that are still there. */
export async function readStages(
  repository: Repository,
  { stages }: Pick<BaseRecord, 'stages'>,
): Promise<StageContent[]> {
  const found: StageContent[] = [];
  await eachAtOnce(
    stages.filter((id) => !isTrash(id)),
    AT_ONCE,
    async (id) => {
      const content = await readStage(repository, id);
      if (content) found.push(content);
    },
  );
  return found;
}

/**
 * As {@link redo}, for a record whose stages have been read.
 * @param found what they held: what somebody else has put in place since is passed over.
 */
export async function install(
  repository: Repository,
  record: BaseRecord,
  found: readonly StageContent[],
): Promise<void> {
  const { stages, removes = [] } = record;
  await eachAtOnce(stages.filter(isTrash), AT_ONCE, (id) => moveToTrash(repository, id, removes));
  const releases = found.filter(({ kind }) => kind === 'release');
  const metadata = found.filter(({ kind }) => kind === 'metadata');
  const touched = new Set<string>();
  // Target files first, durably, then the metadata that lists them; what replaces something comes after what it needs (G3).
  // Whoever sleeps from here on has put in place what other releases may have listed, signed and shown meanwhile.
  await Promise.all([
    indexReleases(repository.releases, repository.commits, record, touched),
    ...releases.map(({ links }) => place(links, linkInto, touched)),
  ]);
  await makeDurable(touched);
  await replace(releases, touched);
  await makeDurable(touched);
  for (const { links } of metadata) await place(links, linkInto, touched);
  await replace(metadata, touched);
  await makeDurable(touched);
  await eachAtOnce(found, AT_ONCE, removeStage);
}

/** Whether anything of a record may still have to be put in place. */
export async function isRedoPending(repository: Repository, record: BaseRecord): Promise<boolean> {
  const present = await Promise.all(record.stages.map((id) => exists(join(repository.paths.staging, id))));
  return present.includes(true);
}

/** Removes a stage that is used up: what was seen in it, and what else there may be. */
async function removeStage({ path, links, others, directories }: StageContent): Promise<void> {
  const files = [...links.map(({ from }) => from), ...others];
  await eachAtOnce(files, AT_ONCE, removeFile);
  for (const directory of directories) {
    const isGone = await rmdir(directory).then(
      () => true,
      (error: unknown) => hasErrno(error, 'ENOENT'),
    );
    if (!isGone) return removeTree(path);
  }
}

/** Puts files in the places of others, also those that somebody has put there who did not get to make it durable. */
async function replace(found: readonly StageContent[], touched: Set<string>): Promise<void> {
  for (const { renames, alsoDurable } of found) {
    await place(renames, renameOnce, touched);
    for (const directory of alsoDurable) touched.add(directory);
  }
}

/** Makes the names in these directories durable, and begins anew. */
async function makeDurable(touched: Set<string>): Promise<void> {
  const directories = [...touched];
  touched.clear();
  await eachAtOnce(directories, AT_ONCE, fsyncIfThere);
}

/** Gives files their places, and collects the directories that are to be fsynced. */
async function place(
  files: StageContent['links'],
  put: (from: string, to: string) => Promise<void>,
  touched: Set<string>,
): Promise<void> {
  await eachAtOnce(files, AT_ONCE, async ({ from, to, isTarget }) => {
    const directory = dirname(to);
    // Not for metadata: where the repository is not mounted, nothing may be written in its place.
    if (isTarget && !touched.has(directory)) await makeDirectories(directory, touched);
    touched.add(directory);
    await put(from, to);
  });
}

/** Gives a file its final name. Where the name is taken it must be by the same bytes. */
async function linkInto(from: string, to: string): Promise<void> {
  const outcome = await linkOnce(from, to);
  if (outcome === 'linked') return;
  // Somebody else finished this stage and removed it while we were at it.
  if (outcome === 'source-gone' && !(await exists(from))) return;
  if (outcome === 'exists' && (await sameContent(from, to))) return;
  throw new TuflineError({
    code: 'file-differs',
    kind: 'transient',
    message: `The file ${to} exists with other bytes than were committed for it.`,
    remedy: `Something other than tufline wrote it: move it away, and the release goes on by itself with the file that waits in ${from}.`,
    path: to,
  });
}

/** A stage that another worker has finished and removed meanwhile needs nothing more. */
async function fsyncIfThere(directory: string): Promise<void> {
  try {
    await fsyncDirectory(directory);
  } catch (error) {
    if (!(error instanceof Error && hasErrno(error.cause, 'ENOENT'))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw ioError(error, 'look at', path);
  }
}
