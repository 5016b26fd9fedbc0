import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { hasErrno, ioError, TuflineError } from '../errors/index.js';
import { fsyncDirectory, journalSubject, readdir, removeTree, rename } from '../files/index.js';
import { readJsonFile, unlessDamaged } from './claim-file.js';
import { directoryName, MANIFEST_FILE } from './names.js';

export const manifestSchema = z.object({
  format: z.literal(1),
  release: z.string(),
  timestamp: z.string(),
  force: z.boolean(),
  files: z.array(
    z.object({
      path: z.string(),
      length: z.number(),
      hashes: z.partialRecord(z.enum(['sha256', 'sha512']), z.string()),
    }),
  ),
});

/** What lies beside the files in `inbound/X/`: which release they are of, and their digests. */
export type Manifest = z.infer<typeof manifestSchema>;

/** `inbound/X`: where a release waits to be signed. */
export function inboundDirectory(inboundPath: string, timestamp: string): string {
  return join(inboundPath, timestamp);
}

/** A damaged manifest is none: the copy is made again, as it is when it is missing. */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  return unlessDamaged(readJsonFile(join(directory, MANIFEST_FILE), manifestSchema));
}

/** The manifest of a release that was moved. @throws transient `inbound-missing`: it has to be moved (again). */
export async function readInbound(
  inboundPath: string,
  timestamp: string,
  release: string,
): Promise<Manifest> {
  const directory = inboundDirectory(inboundPath, timestamp);
  const manifest = await readManifest(directory);
  if (manifest?.release === release) return manifest;
  throw new TuflineError({
    code: 'inbound-missing',
    kind: 'transient',
    message: `The files of ${timestamp} are not in ${directory}.`,
    remedy:
      'They are moved there again by themselves; check that monitor and targets worker mount the same inbound directory.',
    path: directory,
  });
}

/** A name for a copy that is being made, or removed: `tuf_processing_X.<attempt>`. */
export function attemptDirectory(inboundPath: string, timestamp: string): string {
  return join(inboundPath, `${directoryName('processing', timestamp)}.${randomBytes(6).toString('hex')}`);
}

/**
 * Removes a copy, finished or not, that is no longer needed; one that is gone already is fine. By one rename first, lest
 * a half-removed copy be left that says no longer whose it was, or be installed by its maker who has slept meanwhile.
 */
export async function removeCopy(directory: string, timestamp: string, signal?: AbortSignal): Promise<void> {
  const inboundPath = dirname(directory);
  const aside = attemptDirectory(inboundPath, timestamp);
  try {
    await rename(directory, aside);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return;
    throw ioError(error, 'rename', directory);
  }
  await fsyncDirectory(inboundPath);
  await removeTree(aside, signal);
}

/** The timestamp of an attempt directory, or undefined for another name. */
export function timestampOfAttempt(name: string): string | undefined {
  return /^tuf_processing_(.+)\.[0-9a-f]{12}$/s.exec(name)?.[1];
}

/** Attempt directories of a timestamp: `tuf_processing_X.<attempt>`. */
export async function listAttempts(inboundPath: string, timestamp: string): Promise<string[]> {
  const prefix = `${directoryName('processing', timestamp)}.`;
  const names = await readdir(inboundPath).catch((error: unknown) => {
    throw ioError(error, 'read', inboundPath);
  });
  return names
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{12}$/.test(name.slice(prefix.length)))
    .map((name) => join(inboundPath, name));
}

/** Attempt directories that were begun for one release, unfinished or finished. */
export async function attemptsOf(inboundPath: string, timestamp: string, release: string): Promise<string[]> {
  const found: string[] = [];
  for (const attempt of await listAttempts(inboundPath, timestamp)) {
    if ((await journalSubject(attempt)) === release) found.push(attempt);
  }
  return found;
}
