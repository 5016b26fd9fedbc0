import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { hasErrno, ioError, permanent, TuflineError, usage } from '../errors/index.js';

/**
 * `<PACKAGE>.json`. Fields that other programs add are kept. There is no time in it: the same versions give the
 * same bytes.
 */
export const versionListSchema = z.looseObject({
  name: z.string().describe('The package.'),
  versions: z
    .record(
      z.string(),
      z.looseObject({
        file: z.string().min(1).describe('Path of the zip, as the target is called.'),
        size: z.int().min(0).describe('Bytes.'),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits')
          .describe('Lower-case hex SHA-256 of the zip.'),
      }),
    )
    .describe('Every version so far.'),
});

/** Every version of a package so far. */
export type VersionList = z.infer<typeof versionListSchema>;
export type PackageVersion = VersionList['versions'][string];

const FETCH_TIMEOUT = 30_000;

/**
 * Reads the list that the new version is added to.
 *
 * @param from path, `file:`, `http:` or `https:` address. Nothing is taken for "no version so far" here: an
 *   address with a typing error would silently drop all versions before this one.
 * @throws usage `versions-missing`, transient `versions-unreachable`, permanent `versions-invalid`.
 */
export async function readVersionList(from: string, name: string): Promise<VersionList> {
  const text = /^https?:/i.test(from) ? await fetchText(from) : await readText(from);
  return parseVersionList(text, from, name);
}

/** @param where for messages. @throws permanent `versions-invalid`. */
export function parseVersionList(text: string, where: string, name: string): VersionList {
  const invalid = (why: string) =>
    permanent(
      'versions-invalid',
      `${where} is no list of the versions of ${name}: ${why}.`,
      'Restore the list, or name the right one with --from.',
      where,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  const result = versionListSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(
      issue ? `${issue.path.join('.') || 'the document'}: ${issue.message}` : 'it cannot be read',
    );
  }
  if (result.data.name !== name) throw invalid(`it is the list of ${result.data.name}`);
  return result.data;
}

/**
 * Adds a version.
 * @throws permanent `version-exists` where it is listed with other content: a version that clients may have is
 *   never changed.
 */
export function addVersion(list: VersionList, version: string, entry: PackageVersion): VersionList {
  const present = Object.hasOwn(list.versions, version) ? list.versions[version] : undefined;
  if (present && (present.sha256 !== entry.sha256 || present.size !== entry.size)) {
    throw permanent(
      'version-exists',
      `Version ${version} of ${list.name} exists with other content (SHA-256 ${present.sha256}, now ${entry.sha256}).`,
      'Give the new content a new version.',
      entry.file,
    );
  }
  const versions = Object.entries(list.versions).filter(([name]) => name !== version);
  // What other programs noted about the version stays.
  versions.push([version, { ...present, ...entry }]);
  versions.sort(([a], [b]) => compareVersions(a, b));
  return { ...list, versions: Object.fromEntries(versions) };
}

export function formatVersionList(list: VersionList): Buffer {
  return Buffer.from(`${JSON.stringify(list, null, 2)}\n`);
}

/** For reading only: runs of digits by value, everything else by character; no locale has a say. */
function compareVersions(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (one === other) continue;
    const digits = /^\d/.test(one) && /^\d/.test(other);
    if (digits && BigInt(one) !== BigInt(other)) return BigInt(one) < BigInt(other) ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return left.length - right.length;
}

async function readText(from: string): Promise<string> {
  const path = /^file:/i.test(from) ? fileURLToPath(from) : from;
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) throw missing(path);
    throw ioError(error, 'read', path);
  });
}

async function fetchText(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT) });
    if (response.ok) return await response.text();
  } catch (error) {
    throw unreachable(url, reason(error), error);
  }
  if (response.status === 404 || response.status === 410) throw missing(url);
  throw unreachable(url, `the server answered ${String(response.status)}`);
}

function missing(where: string): TuflineError {
  return usage(
    'versions-missing',
    `There is no list of versions at ${where}.`,
    'Correct --from, or leave it out for the first version of a package.',
  );
}

function unreachable(url: string, why: string, cause?: unknown): TuflineError {
  return new TuflineError({
    code: 'versions-unreachable',
    kind: 'transient',
    message: `Could not fetch ${url}: ${why}.`,
    remedy: 'Check the address and the network, then try again.',
    path: url,
    cause,
  });
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${String(FETCH_TIMEOUT / 1000)} s`;
  // fetch says only "fetch failed"; what happened is in its cause.
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
