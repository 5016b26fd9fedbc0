import { canonicalize } from '@tufjs/canonical-json';
import { delegatingTargetsBytes } from '../metadata/delegations.js';
import { envelopeBytes } from '../metadata/envelope.js';
import { binFile, binRole, pathHashPrefixes, TARGETS_FILE, type HashBins } from '../metadata/hash-bins.js';
import { snapshotBytes } from '../metadata/snapshot.js';
import { entryBytes, targetsBytes } from '../metadata/targets.js';
import { timestampBytes } from '../metadata/timestamp.js';
import type { ListedMeta } from '../metadata/meta-entries.js';

/** A way to spread targets, and what the snapshot says of the bins. */
export interface Choice {
  /** Undefined: all targets in `targets.json`. */
  readonly hashBins: HashBins | undefined;
  readonly snapshotEntries: 'full' | 'version';
}

/** Bytes of each metadata file. */
export interface Sizes {
  readonly timestamp: number;
  readonly snapshot: number;
  /** The top-level targets metadata: of all targets, or of what delegates to bins. */
  readonly targets: number;
  /** A bin of average size; 0 where there are none. */
  readonly bin: number;
}

/** What a target costs in the metadata where nothing better is known: a path of 45 bytes, one hash. */
export const AVERAGE_ENTRY =
  entryBytes('vendor-name/package-name/package-name-1.0.zip', {
    length: 123_456,
    hashes: { sha256: '0'.repeat(64) },
    release: '20261124T081407.123Z-4f2a',
  }).length + 1;

// Of the length that they have everywhere.
const VERSION = { version: 123, expires: '2027-01-01T00:00:00Z' };
const HASHES = { sha256: '0'.repeat(64) };
const KEY_ID = '0'.repeat(64);
const ROLE = { keyids: [KEY_ID], threshold: 1 };
const KEYS = { [KEY_ID]: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: '0'.repeat(64) } } };

/** Sizes of a repository with so many targets, whose entries have so many bytes each on average, commas included. */
export function sizesOf({ hashBins, snapshotEntries }: Choice, targets: number, entry: number): Sizes {
  const listing = (count: number): number =>
    signed(targetsBytes(VERSION, NOTHING, NO_CHANGES).signed.length) + count * entry;
  const bin = hashBins ? Math.round(listing(targets / hashBins.count)) : 0;
  const top = hashBins ? delegatingSize(hashBins) : Math.round(listing(targets));
  const snapshot = snapshotSize(hashBins, snapshotEntries, top, bin);
  const listed = { ...VERSION, length: snapshot, hashes: HASHES };
  const timestamp = signed(timestampBytes({ ...VERSION, snapshot: listed }).length);
  return { timestamp, snapshot, targets: top, bin };
}
const NOTHING = Buffer.alloc(0);
const NO_CHANGES = new Map<string, never>();

/** With the signature of one key. */
function signed(length: number): number {
  const signatures = [{ keyid: KEY_ID, sig: '0'.repeat(128) }];
  return envelopeBytes({ signatures, signed: NOTHING }).reduce((sum, piece) => sum + piece.length, length);
}

/** Every bin of a layout takes as many bytes as the first. */
function delegatingSize(bins: HashBins): number {
  const content = { ...VERSION, keys: KEYS, role: ROLE };
  if (bins.style === 'succinct') return signed(delegatingTargetsBytes({ ...content, bins }).length);
  const two: HashBins = { ...bins, count: 2 };
  const rest = delegatingTargetsBytes({ ...content, bins: two }).length - 2 * roleSize(two);
  return signed(rest + bins.count * roleSize(bins) + (bins.count - 2));
}

function roleSize(bins: HashBins): number {
  const prefixes = pathHashPrefixes(bins, 0);
  const role = { ...ROLE, name: binRole(bins, 0), path_hash_prefixes: prefixes, terminating: true };
  return Buffer.byteLength(canonicalize(role));
}

function snapshotSize(
  bins: HashBins | undefined,
  form: Choice['snapshotEntries'],
  top: number,
  bin: number,
): number {
  const listed = (length: number): ListedMeta => ({ version: VERSION.version, length, hashes: HASHES });
  const without: [string, ListedMeta][] = [[TARGETS_FILE, listed(top)]];
  const empty = snapshotBytes(VERSION, NOTHING, without).length;
  if (!bins) return signed(empty);
  const first = form === 'full' ? listed(bin) : { version: VERSION.version };
  const one = snapshotBytes(VERSION, NOTHING, [...without, [binFile(bins, 0), first]]).length;
  return signed(empty + bins.count * (one - empty));
}
