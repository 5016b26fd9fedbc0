import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import type { MetaEntry } from '../records/records.js';
import { parseEnvelope, parseJson, type Envelope } from './envelope.js';
import { SPEC_VERSION } from './spec-version.js';

/** A version of the timestamp (§4.6): it lists the snapshot and nothing else. */
export interface TimestampMetadata {
  readonly version: number;
  readonly expires: string;
  readonly snapshot: Pick<MetaEntry, 'version' | 'length' | 'hashes'>;
  readonly envelope: Envelope;
}

const schema = z.object({
  _type: z.literal('timestamp'),
  version: z.int().positive(),
  expires: z.string(),
  meta: z.object({
    'snapshot.json': z.object({
      version: z.int().positive(),
      length: z.int().nonnegative(),
      hashes: z.partialRecord(z.enum(['sha256', 'sha512']), z.string()),
    }),
  }),
});

/** Takes `timestamp.json` apart; signatures are not looked at here. @throws permanent `malformed-metadata` */
export function parseTimestampMetadata(bytes: Buffer, path: string): TimestampMetadata {
  const envelope = parseEnvelope(bytes, path);
  const { version, expires, meta } = parseJson(envelope.signed, schema, path);
  return { version, expires, snapshot: meta['snapshot.json'], envelope };
}

/** Canonical bytes of a timestamp to be signed. */
export function timestampBytes(content: Omit<TimestampMetadata, 'envelope'>): Buffer {
  const { version, length, hashes } = content.snapshot;
  return Buffer.from(
    canonicalize({
      _type: 'timestamp',
      expires: content.expires,
      meta: { 'snapshot.json': { hashes, length, version } },
      spec_version: SPEC_VERSION,
      version: content.version,
    }),
  );
}
