import { join } from 'node:path';
import { usage } from '../errors/index.js';
import { fsyncDirectory, removeFile, renameFile, replaceFile } from '../files/index.js';
import { isDirectory } from './claim.js';
import { listCopies } from './list.js';
import { CLAIM_FILE, directoryName, ERROR_FILE, RETRY_FILE } from './names.js';
import { readFailure } from './failure-file.js';

export interface RetryOptions {
  readonly postToTufPath: string;
  /** Of the release, or the name of its failed directory where there are several. */
  readonly timestamp: string;
  /** Older bytes may replace newer ones. */
  readonly force: boolean;
}

/**
 * Makes a failed release ready again: the error file goes, the directory is renamed.
 * @returns the name of the ready directory, or undefined where no failed directory is there.
 * @throws usage `ready-exists`, `several-failed`
 */
export async function retryFailed({
  postToTufPath,
  timestamp,
  force,
}: RetryOptions): Promise<string | undefined> {
  const copies = await listCopies(postToTufPath, 'failed', timestamp);
  const [failed] = copies;
  if (failed === undefined) return undefined;
  if (copies.length > 1) {
    throw usage(
      'several-failed',
      `There are ${String(copies.length)} failed releases of ${timestamp}: ${copies.join(', ')}.`,
      `Rename all but one of them to a timestamp of their own (tuf_ready_<TIMESTAMP> releases one), then run this again.`,
    );
  }
  const original = (await readFailure(failed))?.timestamp ?? timestamp;
  const ready = join(postToTufPath, directoryName('ready', original));
  for (const taken of [ready, join(postToTufPath, directoryName('processing', original))]) {
    if (!(await isDirectory(taken))) continue;
    throw usage(
      'ready-exists',
      `${taken} is there already.`,
      'Wait until that release is through, then run this again.',
    );
  }
  const retry = join(failed, RETRY_FILE);
  if (force) await replaceFile(retry, Buffer.from('{"force":true}\n'));
  else await removeFile(retry);
  await removeFile(join(failed, CLAIM_FILE));
  await removeFile(join(failed, ERROR_FILE));
  await fsyncDirectory(failed);
  await renameFile(failed, ready);
  await fsyncDirectory(postToTufPath);
  return directoryName('ready', original);
}
