import { malformed, parseEnvelope, type Envelope } from './envelope.js';
import { spliceRaw } from './entries.js';
import { META_FORM, metaEntry, type ListedMeta } from './meta-entries.js';
import { SPEC_VERSION } from './spec-version.js';

/**
 * A version of the snapshot (§4.4), kept as the canonical bytes that were signed. `entries` is the part between the
 * braces of `"meta":{…}`: with many bins it is too large to be parsed for every release.
 */
export interface SnapshotMetadata {
  readonly version: number;
  readonly expires: string;
  readonly entries: Buffer;
  readonly envelope: Envelope;
}

const HEAD = /^\{"_type":"snapshot","expires":"([^"]+)","meta":\{/;
const TAIL = /\},"spec_version":"[^"]+","version":([1-9]\d*)\}$/;
/** The head and tail are shorter than this. */
const EDGE = 200;

/** Takes a snapshot apart; signatures are not looked at here. @throws permanent `malformed-metadata` */
export function parseSnapshotMetadata(bytes: Buffer, path: string): SnapshotMetadata {
  return parseSnapshotSigned(parseEnvelope(bytes, path), path);
}

export function parseSnapshotSigned(envelope: Envelope, path: string): SnapshotMetadata {
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
 * Canonical bytes of the next snapshot.
 * @param previous entries to start from; empty for the first version.
 * @param changes what to list by file name; a file that is listed is replaced.
 */
export function snapshotBytes(
  { version, expires }: { readonly version: number; readonly expires: string },
  previous: Buffer,
  changes: Iterable<readonly [name: string, meta: ListedMeta]>,
): Buffer {
  const entries = [...changes].map(([name, meta]) => metaEntry(name, meta));
  const { pieces } = spliceRaw(META_FORM, previous, entries);
  return Buffer.concat([
    Buffer.from(`{"_type":"snapshot","expires":"${expires}","meta":{`),
    ...pieces,
    Buffer.from(`},"spec_version":"${SPEC_VERSION}","version":${String(version)}}`),
  ]);
}
