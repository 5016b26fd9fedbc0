import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import type { MetaEntry } from '../records/records.js';
import { parseEnvelope, parseJson, type Envelope } from './envelope.js';
import { SPEC_VERSION } from './spec-version.js';

/** Snapshot (§4.4) and timestamp (§4.6): both list versions, lengths and hashes of other metadata files. */
export type VersionsRole = 'snapshot' | 'timestamp';

/** What snapshot and timestamp say of a file. */
export type ListedMeta = Pick<MetaEntry, 'version' | 'length' | 'hashes'>;

export interface VersionsMetadata {
  readonly version: number;
  readonly expires: string;
  readonly meta: Readonly<Record<string, ListedMeta>>;
  readonly envelope: Envelope;
}

const listed = z.object({
  version: z.int().positive(),
  length: z.int().nonnegative(),
  hashes: z.partialRecord(z.enum(['sha256', 'sha512']), z.string()),
});

/** Takes a snapshot or timestamp apart; signatures are not looked at here. @throws permanent `malformed-metadata` */
export function parseVersions(role: VersionsRole, bytes: Buffer, path: string): VersionsMetadata {
  const envelope = parseEnvelope(bytes, path);
  const schema = z.object({
    _type: z.literal(role),
    version: z.int().positive(),
    expires: z.string(),
    meta: z.record(z.string(), listed),
  });
  const { version, expires, meta } = parseJson(envelope.signed, schema, path);
  return { version, expires, meta, envelope };
}

/** Canonical bytes of a snapshot or timestamp to be signed. Keys of `meta` carry no version prefix (§4.4). */
export function versionsBytes(
  role: VersionsRole,
  content: {
    readonly version: number;
    readonly expires: string;
    readonly meta: Readonly<Record<string, MetaEntry>>;
  },
): Buffer {
  const meta = Object.fromEntries(
    Object.entries(content.meta).map(([name, { version, length, hashes }]) => [
      name,
      { version, length, hashes },
    ]),
  );
  return Buffer.from(
    canonicalize({
      _type: role,
      expires: content.expires,
      meta,
      spec_version: SPEC_VERSION,
      version: content.version,
    }),
  );
}
