import { join } from 'node:path';
import { fsyncDirectory, removeFile, replaceFile, sweepTemporary } from '../files/index.js';
import { readClaim } from './claim-file.js';
import { removeInbound, setAside, type DecidedRelease } from './cleanup.js';
import { readFailure, type FailureFile } from './failure-file.js';
import { listCopies } from './list.js';
import { CLAIM_FILE, directoryName, ERROR_FILE } from './names.js';

export interface PutBackProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Gives the files of an aborted release back: `tuf_processing_X` becomes `tuf_failed_X`, with `tufline-error.json`
 * beside the files. Only to be called when a record aborts the release. Can be run again at any point.
 * @returns the directory that holds the files now, or undefined where there is none of this release any more.
 */
export async function putBackRelease(
  release: DecidedRelease,
  problem: PutBackProblem,
): Promise<string | undefined> {
  const { postToTufPath, timestamp } = release;
  const processing = join(postToTufPath, directoryName('processing', timestamp));
  if ((await readClaim(processing))?.release === release.release) {
    const failure: FailureFile = {
      format: 1,
      timestamp,
      release: release.release,
      code: problem.code,
      message: problem.message,
      remedy: problem.remedy,
      failed_at: new Date().toISOString(),
    };
    await replaceFile(
      join(processing, ERROR_FILE),
      Buffer.from(`${JSON.stringify(failure, undefined, 2)}\n`),
    );
  }
  const aside = (await setAside(release, 'failed')) ?? (await findAside(release));
  if (aside !== undefined) {
    await removeFile(join(aside, CLAIM_FILE));
    await sweepTemporary(aside, () => true);
    await fsyncDirectory(aside);
  }
  await removeInbound(release);
  return aside;
}

/** Where an earlier, interrupted run has put the files. */
async function findAside({ postToTufPath, timestamp, release }: DecidedRelease): Promise<string | undefined> {
  for (const directory of await listCopies(postToTufPath, 'failed', timestamp)) {
    const id = (await readClaim(directory))?.release ?? (await readFailure(directory))?.release;
    if (id === release) return directory;
  }
  return undefined;
}
