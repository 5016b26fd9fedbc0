import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ioError } from '../errors/index.js';
import { readClaim } from './claim-file.js';
import { cleanUpRelease, removeIfEmpty, removeInbound } from './cleanup.js';
import type { DecisionOf } from './claim.js';
import { readManifest, removeCopy, timestampOfAttempt } from './inbound.js';
import { directoryName } from './names.js';

/**
 * Takes up what interrupted runs left: `tuf_done_*` of releases that are published, and copies in the inbound
 * directory of releases that the records have decided.
 * @param published whether a release is committed and visible to clients.
 */
export async function sweepHandover(
  paths: { readonly postToTufPath: string; readonly inboundPath: string },
  {
    decisionOf,
    published,
  }: { readonly decisionOf: DecisionOf; readonly published: (release: string) => Promise<boolean> },
): Promise<void> {
  for (const name of await namesIn(paths.postToTufPath)) {
    if (!name.startsWith('tuf_done_')) continue;
    const claim = await readClaim(join(paths.postToTufPath, name));
    if (!claim) await removeIfEmpty(join(paths.postToTufPath, name));
    if (!claim || !(await published(claim.release))) continue;
    await cleanUpRelease({ ...paths, timestamp: claim.timestamp, release: claim.release });
  }
  const processing = new Set(
    (await namesIn(paths.postToTufPath)).filter((name) => name.startsWith('tuf_processing_')),
  );
  for (const name of await namesIn(paths.inboundPath)) {
    const manifest = await readManifest(join(paths.inboundPath, name));
    const timestamp = manifest?.timestamp ?? timestampOfAttempt(name);
    if (timestamp === undefined || processing.has(directoryName('processing', timestamp))) continue;
    if (!manifest) {
      // An unfinished copy of what is no longer there to be copied.
      await removeCopy(join(paths.inboundPath, name), timestamp);
      continue;
    }
    if ((await decisionOf(manifest.release)) === undefined) continue;
    await removeInbound({ ...paths, timestamp: manifest.timestamp, release: manifest.release });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    throw ioError(error, 'read', directory);
  });
}
