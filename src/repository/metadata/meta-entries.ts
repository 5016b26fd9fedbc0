import type { MetaEntry } from '../records/records.js';
import { findRaw, keyAt, quoted, type EntryForm, type RawEntry } from './entries.js';

/** What a snapshot says of a metadata file (§4.4): the version always, length and hashes by setting. */
export type ListedMeta = Pick<MetaEntry, 'version'> & Partial<Pick<MetaEntry, 'length' | 'hashes'>>;

/** `"targets.json":{"hashes":{…},"length":7,"version":3}` or `"bins-0a.json":{"version":3}` */
export const META_FORM: EntryForm = { closing: Buffer.from('"version":') };

const ENTRY = /^\{(?:"hashes":\{([^{}]*)\},"length":(\d+),)?"version":([1-9]\d*)\}$/;

/** Canonical bytes of one entry. Keys carry no version prefix. */
export function metaEntry(name: string, meta: ListedMeta): RawEntry {
  const { version, length, hashes } = meta;
  const details =
    length === undefined || hashes === undefined
      ? ''
      : `"hashes":{${Object.entries(hashes)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([algorithm, digest]) => `"${algorithm}":"${digest}"`)
          .join(',')}},"length":${String(length)},`;
  return {
    key: Buffer.from(name),
    bytes: Buffer.from(`${quoted(name)}:{${details}"version":${String(version)}}`),
  };
}

/** What a snapshot says of a file, or undefined where it does not list it. */
export function findMeta(entries: Buffer, name: string): ListedMeta | undefined {
  const raw = findRaw(META_FORM, entries, name);
  return raw && parseMetaEntry(raw).meta;
}

/** @throws Error where the entry is not in the form that this program writes. */
export function parseMetaEntry(bytes: Buffer): { readonly name: string; readonly meta: ListedMeta } {
  const name = keyAt(bytes, 0).toString('utf8');
  const match = ENTRY.exec(bytes.subarray(Buffer.byteLength(quoted(name)) + 1).toString('latin1'));
  if (!match) throw new Error(`the entry of ${name} is not in the form that this program writes`);
  const [, hashes, length, version] = match;
  return {
    name,
    meta: {
      version: Number(version),
      ...(hashes === undefined ? {} : { length: Number(length), hashes: Object.fromEntries(pairs(hashes)) }),
    },
  };
}

function* pairs(hashes: string): Generator<[string, string]> {
  for (const [, name, digest] of hashes.matchAll(/"(sha256|sha512)":"([0-9a-f]+)"/g)) {
    if (name !== undefined && digest !== undefined) yield [name, digest];
  }
}
