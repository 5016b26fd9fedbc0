import { z } from 'zod';
import { permanent } from '../../errors/index.js';

/**
 * One metadata file: `{"signatures":[…],"signed":<canonical bytes>}`. The signed bytes are written as they were
 * signed and verified as they are read; nobody serialises them again.
 */
export interface Envelope {
  readonly signatures: readonly Signature[];
  readonly signed: Buffer;
}

export interface Signature {
  readonly keyid: string;
  /** Hex. */
  readonly sig: string;
}

const signaturesSchema = z.array(z.object({ keyid: z.string(), sig: z.string() }));

const HEAD = Buffer.from('{"signatures":');
const MIDDLE = Buffer.from(',"signed":');
const END = Buffer.from('}');

/** The file's bytes, in pieces (large metadata is not copied to be written). */
export function envelopeBytes(envelope: Envelope): Uint8Array[] {
  return [HEAD, Buffer.from(JSON.stringify(envelope.signatures)), MIDDLE, envelope.signed, END];
}

/** Takes a file of ours apart. @throws permanent `malformed-metadata` */
export function parseEnvelope(bytes: Buffer, path: string): Envelope {
  // Signatures hold nothing but hex, so the first occurrence is the end of the list.
  const middle = bytes.indexOf(MIDDLE);
  if (!bytes.subarray(0, HEAD.length).equals(HEAD) || middle < 0 || bytes.at(-1) !== END[0]) {
    throw malformed(path, 'it is not in the form that this program writes');
  }
  const signatures = parseJson(bytes.subarray(HEAD.length, middle), signaturesSchema, path);
  return { signatures, signed: bytes.subarray(middle + MIDDLE.length, bytes.length - 1) };
}

/** Parses and checks a piece of metadata that is small. @throws permanent `malformed-metadata` */
export function parseJson<T>(bytes: Buffer, schema: z.ZodType<T>, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw malformed(path, error instanceof Error ? error.message : 'it is not JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw malformed(path, z.prettifyError(result.error).replaceAll(/\s*\n\s*/g, ' '));
}

export function malformed(path: string, why: string) {
  return permanent(
    'malformed-metadata',
    `The metadata file ${path} cannot be used: ${why}.`,
    'Restore this file from a backup or a mirror; "tufline verify" lists everything that is off.',
    path,
  );
}
