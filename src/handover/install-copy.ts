import { dirname, join } from 'node:path';
import { hasErrno, ioError, TuflineError } from '../errors/index.js';
import { fsyncDirectory, JOURNAL_FILE, removeFile, removeTree, rename } from '../files/index.js';
import type { DecisionOf } from './claim.js';
import { attemptsOf, readManifest, removeCopy, type Manifest } from './inbound.js';

/**
 * Makes a finished copy `inbound/X/` by one rename. Where that of another attempt is there, this one withdraws.
 * @throws transient `inbound-taken`, `io-…`
 */
export async function installCopy(
  attempt: string,
  target: string,
  manifest: Manifest,
  decisionOf: DecisionOf,
  signal?: AbortSignal,
): Promise<Manifest> {
  for (;;) {
    try {
      await rename(attempt, target);
      await fsyncDirectory(dirname(target));
      return manifest;
    } catch (error) {
      if (!hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw ioError(error, 'rename', attempt);
      const present = await readManifest(target);
      if (present?.release === manifest.release) {
        // Another attempt was first, or it was our own rename whose answer was lost.
        await removeTree(attempt, signal);
        return present;
      }
      if (hasErrno(error, 'ENOENT')) throw ioError(error, 'rename', attempt);
      if (present && (await decisionOf(present.release)) === undefined) throw taken(target, present.release);
      // An earlier release of this timestamp that is decided: nobody needs its copy any more.
      await removeCopy(target, manifest.timestamp, signal);
    }
  }
}

/**
 * Removes a copy that is damaged, and what attempts at the same release have left: their files may be the same ones, and
 * the next attempt would take them up.
 */
export async function discardCopy(target: string, { timestamp, release }: Manifest, signal?: AbortSignal) {
  // First, lest a copy that is half removed be taken for an attempt to go on with.
  await removeFile(join(target, JOURNAL_FILE));
  for (const attempt of await attemptsOf(dirname(target), timestamp, release)) {
    await removeFile(join(attempt, JOURNAL_FILE));
    await removeCopy(attempt, timestamp, signal);
  }
  await removeCopy(target, timestamp, signal);
}

function taken(target: string, release: string): TuflineError {
  return new TuflineError({
    code: 'inbound-taken',
    kind: 'transient',
    message: `${target} holds another release (${release}) that is not decided yet.`,
    remedy: 'It goes on by itself when that release is through; "tufline status" shows what blocks it.',
    path: target,
  });
}
