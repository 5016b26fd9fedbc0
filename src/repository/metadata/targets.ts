import { malformed, parseEnvelope, type Envelope } from './envelope.js';
import { SPEC_VERSION } from './spec-version.js';
import { entryBytes, findEntry, listEntries, spliceEntries, type TargetEntry } from './target-entries.js';

/**
 * A version of metadata that lists targets (§4.5), top-level or a bin, kept as the canonical bytes that were signed.
 * `entries` is the part between the braces of `"targets":{…}`.
 */
export interface TargetsMetadata {
  readonly version: number;
  readonly expires: string;
  readonly entries: Buffer;
  readonly envelope: Envelope;
}

const HEAD = /^\{"_type":"targets","expires":"([^"]+)","spec_version":"[^"]+","targets":\{/;
const TAIL = /\},"version":([1-9]\d*)\}$/;
/** The head and tail are shorter than this. */
const EDGE = 200;

/** Takes a targets metadata file apart; signatures are not looked at here. @throws permanent `malformed-metadata` */
export function parseTargets(bytes: Buffer, path: string): TargetsMetadata {
  return parseTargetsSigned(parseEnvelope(bytes, path), path);
}

export function parseTargetsSigned(envelope: Envelope, path: string): TargetsMetadata {
  const { signed } = envelope;
  const head = HEAD.exec(signed.subarray(0, EDGE).toString('latin1'));
  const tail = TAIL.exec(signed.subarray(-EDGE).toString('latin1'));
  if (!head?.[1] || !tail?.[1]) throw malformed(path, 'it is not in the form that this program writes');
  return {
    version: Number(tail[1]),
    expires: head[1],
    entries: signed.subarray(head[0].length, signed.length - tail[0].length),
    envelope,
  };
}

/**
 * Canonical bytes of the next version of targets metadata.
 *
 * @param previous entries to start from; empty for the first version.
 * @param changes entries to put in, by path; a path that is there is replaced.
 * @returns the bytes to sign, and how many paths are new.
 */
export function targetsBytes(
  content: { readonly version: number; readonly expires: string },
  previous: Buffer,
  changes: ReadonlyMap<string, TargetEntry>,
): { readonly signed: Buffer; readonly added: number } {
  const { pieces, added } = spliceEntries(previous, changes);
  const head = `{"_type":"targets","expires":"${content.expires}","spec_version":"${SPEC_VERSION}","targets":{`;
  const tail = `},"version":${String(content.version)}}`;
  return { signed: Buffer.concat([Buffer.from(head), ...pieces, Buffer.from(tail)]), added };
}

/** What a version says of a path, or undefined where it does not list it. */
export function findTarget(targets: Pick<TargetsMetadata, 'entries'>, path: string): TargetEntry | undefined {
  return findEntry(targets.entries, path);
}

export { entryBytes, listEntries, type TargetEntry };
