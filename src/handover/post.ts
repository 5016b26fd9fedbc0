import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrno, ioError, usage } from '../errors/index.js';
import {
  closeRead,
  copyHashing,
  fillNew,
  fsyncDirectory,
  makeDirectory,
  removeTree,
  renameFile,
  writeNew,
} from '../files/index.js';
import { isTimestamp } from '../timestamps/index.js';
import { isDirectory } from './claim.js';
import { directoryName, SUMS_FILE } from './names.js';
import { checkTargetPath, CollisionCheck } from './path-rules.js';
import { formatSums } from './sums.js';

export interface PostedFile {
  /** The file on this machine. */
  readonly from: string;
  /** Its target path. */
  readonly as: string;
}

export interface PostOptions {
  readonly postToTufPath: string;
  readonly files: readonly PostedFile[];
  /** Default: now. */
  readonly timestamp?: string;
  readonly onBytes?: (bytes: number) => void;
  readonly onFile?: (path: string) => void;
}

/** UTC to the millisecond and a random suffix: in order, and two pipelines never choose the same. */
export function newTimestamp(now = new Date()): string {
  return `${now.toISOString().replaceAll(/[-:]/g, '')}-${randomBytes(2).toString('hex')}`;
}

/**
 * Hands files over as any pipeline would (docs/hand-over.md): `tuf_tmp_X`, all files with SHA256SUMS, everything
 * fsynced, then one rename to `tuf_ready_X`. Leaves nothing behind where it fails.
 *
 * @returns the release's timestamp.
 * @throws usage `timestamp`, `timestamp-taken`, `post-file`; permanent for paths that cannot be released.
 */
export async function postRelease(options: PostOptions): Promise<string> {
  const { postToTufPath, files, timestamp = newTimestamp() } = options;
  if (!isTimestamp(timestamp)) {
    throw usage(
      'timestamp',
      `"${timestamp}" cannot name a release.`,
      'Begin with a letter or digit, use letters, digits, ".", "_", "-", ":", at most 100, and not "tuf_" in front.',
    );
  }
  checkPaths(files);
  for (const { from } of files) await mustBeFile(from);
  if (!(await isDirectory(postToTufPath))) {
    throw usage(
      'post-directory',
      `The post-to-TUF directory ${postToTufPath} is not there.`,
      'Mount it, or correct post_to_tuf_path.',
    );
  }
  for (const state of ['tmp', 'ready', 'processing'] as const) {
    const taken = join(postToTufPath, directoryName(state, timestamp));
    if (await isDirectory(taken))
      throw usage('timestamp-taken', `${taken} is there already.`, 'Choose another timestamp.');
  }
  const temporary = join(postToTufPath, directoryName('tmp', timestamp));
  await makeDirectory(temporary);
  try {
    await copyFiles(temporary, options);
    await renameFile(temporary, join(postToTufPath, directoryName('ready', timestamp)));
  } catch (error) {
    await removeTree(temporary).catch(() => undefined);
    throw error;
  }
  await fsyncDirectory(postToTufPath);
  return timestamp;
}

function checkPaths(files: readonly PostedFile[]): void {
  if (files.length === 0) throw usage('post-file', 'There is no file to post.', 'Name at least one file.');
  const collisions = new CollisionCheck();
  for (const { as } of files) {
    checkTargetPath(as);
    if (as === SUMS_FILE || /^tufline-[^/]*\.json$/.test(as)) {
      throw usage('post-file', `The name ${as} is reserved.`, 'Give the file another name with --as.');
    }
    collisions.add(as);
  }
}

async function mustBeFile(path: string): Promise<void> {
  try {
    if ((await stat(path)).isFile()) return;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw ioError(error, 'look at', path);
    throw usage('post-file', `There is no file ${path}.`, 'Check the path.');
  }
  throw usage(
    'post-file',
    `${path} is not a regular file.`,
    'Name files; a shell expands DIR/* to the files of a directory.',
  );
}

async function copyFiles(temporary: string, { files, onBytes, onFile }: PostOptions): Promise<void> {
  const sums = new Map<string, string>();
  const directories = new Set<string>([temporary]);
  for (const { from, as } of files) {
    const target = join(temporary, as);
    for (let above = dirname(target); above.length > temporary.length; above = dirname(above))
      directories.add(above);
    await makeDirectory(dirname(target));
    const handle = await open(from, constants.O_RDONLY).catch((error: unknown) => {
      throw ioError(error, 'open', from);
    });
    try {
      const { hashes } = await fillNew(target, 0o666, (copy) =>
        copyHashing(
          { handle, path: from },
          { handle: copy, path: target },
          { algorithms: ['sha256'], ...(onBytes ? { onBytes } : {}) },
        ),
      );
      sums.set(as, hashes.sha256 ?? '');
    } finally {
      await closeRead(handle);
    }
    onFile?.(as);
  }
  await writeNew(join(temporary, SUMS_FILE), Buffer.from(formatSums(sums)));
  for (const directory of directories) await fsyncDirectory(directory);
}
