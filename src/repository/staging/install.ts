import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../../errors/index.js';
import { eachAtOnce, fsyncDirectory, linkOnce, makeDirectory, removeTree } from '../../files/index.js';
import { indexReleases } from '../records/release-index.js';
import type { BaseRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { sameContent } from './same-content.js';
import { moveOnce } from './move-once.js';
import { REPLACING } from './stage.js';

const AT_ONCE = 8;

/**
 * Puts everything that a record has staged in its place and makes its releases known: the redo. Runs to the same end
 * however often, and by however many at once; a stage that is gone has been put in place by somebody else, who made
 * it durable before removing it.
 */
export async function redo(repository: Repository, record: BaseRecord): Promise<void> {
  const { stages, releases = [] } = record;
  if (releases.length > 0) await indexReleases(repository.releases, repository.commits, record);
  // The stages of releases hold target files only: the metadata that lists them comes after all of them (G3).
  const [ofReleases, ofMetadata] = [stages.filter(isOfRelease), stages.filter((id) => !isOfRelease(id))];
  await eachAtOnce(ofReleases, AT_ONCE, (id) => installStage(repository, id));
  for (const id of ofMetadata) await installStage(repository, id);
}

function isOfRelease(id: string): boolean {
  return id.startsWith('release-');
}

/** Whether anything of a record may still have to be put in place. */
export async function isRedoPending(repository: Repository, record: BaseRecord): Promise<boolean> {
  const present = await Promise.all(record.stages.map((id) => exists(join(repository.paths.staging, id))));
  return present.includes(true);
}

async function installStage(repository: Repository, id: string): Promise<void> {
  const root = repository.options.repositoryPath;
  const stage = join(repository.paths.staging, id);
  // Target files first, then the metadata that lists them; what replaces something comes last (G3).
  await installTree(join(stage, 'targets'), join(root, 'targets'), linkInto);
  await installTree(join(stage, REPLACING, 'targets'), join(root, 'targets'), moveOnce);
  await installTree(join(stage, 'metadata'), join(root, 'metadata'), linkInto);
  await installTree(join(stage, REPLACING, 'metadata'), join(root, 'metadata'), moveOnce);
  await removeTree(stage);
}

type Install = (from: string, to: string) => Promise<void>;

async function installTree(from: string, to: string, install: Install): Promise<void> {
  const { files, directories } = await walk(from);
  // Also where no file is left: whoever used it up may have been killed before its fsync.
  const touched = new Set<string>();
  for (const directory of install === moveOnce ? directories : []) {
    const target = join(to, relative(from, directory));
    await makeDirectory(target);
    touched.add(target);
  }
  const place = async (file: string): Promise<void> => {
    const target = join(to, relative(from, file));
    const directory = dirname(target);
    if (!touched.has(directory)) await makeDirectory(directory);
    touched.add(directory);
    await install(file, target);
  };
  await eachAtOnce(files, AT_ONCE, place);
  await eachAtOnce(touched, AT_ONCE, fsyncDirectory);
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

interface Tree {
  readonly files: string[];
  /** With the top. */
  readonly directories: string[];
}

async function walk(directory: string): Promise<Tree> {
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { files: [], directories: [] };
    throw ioError(error, 'read', directory);
  }
  const found: Tree = { files: [], directories: [directory] };
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) found.files.push(path);
    else {
      const below = await walk(path);
      found.files.push(...below.files);
      found.directories.push(...below.directories);
    }
  }
  return found;
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
