import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import type { PublicKey } from '../../signers/index.js';
import { malformed, parseEnvelope, parseJson, type Envelope } from './envelope.js';
import { BIN_PREFIX, binRole, bitsOf, pathHashPrefixes, type HashBins } from './hash-bins.js';
import { publicKeySchema, type RoleKeys } from './root.js';
import { SPEC_VERSION } from './spec-version.js';

/** The top-level targets metadata of a repository with bins: it lists no target and delegates to the bins (§4.5). */
export interface DelegatingTargets {
  readonly version: number;
  readonly expires: string;
  readonly bins: HashBins;
  /** Who signs for the bins: the same keys for all of them. */
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly role: RoleKeys;
  readonly envelope: Envelope;
}

const roleKeys = { keyids: z.array(z.string()), threshold: z.int().positive() };
const keys = z.record(z.string(), publicKeySchema);
const succinctSchema = z.object({
  keys,
  succinct_roles: z.object({
    ...roleKeys,
    bit_length: z.int().positive(),
    name_prefix: z.literal(BIN_PREFIX),
  }),
});
const prefixesSchema = z.object({
  keys,
  roles: z.array(z.object({ ...roleKeys, name: z.string(), path_hash_prefixes: z.array(z.string()) })).min(2),
});
const schema = z.object({
  _type: z.literal('targets'),
  version: z.int().positive(),
  expires: z.string(),
  targets: z.record(z.string(), z.never()),
  delegations: z.union([succinctSchema, prefixesSchema]),
});

/** Whether top-level targets metadata delegates to bins instead of listing targets itself. */
export function delegatesToBins({ signed }: Envelope): boolean {
  return signed.subarray(0, START.length).equals(START);
}
const START = Buffer.from('{"_type":"targets","delegations":');

/** Takes delegating targets metadata apart; signatures are not looked at. @throws permanent `malformed-metadata` */
export function parseDelegatingTargets(bytes: Buffer, path: string): DelegatingTargets {
  const envelope = parseEnvelope(bytes, path);
  const { version, expires, delegations } = parseJson(envelope.signed, schema, path);
  if ('succinct_roles' in delegations) {
    const { bit_length, keyids, threshold } = delegations.succinct_roles;
    const bins: HashBins = { count: 2 ** bit_length, style: 'succinct' };
    return { version, expires, bins, keys: delegations.keys, role: { keyids, threshold }, envelope };
  }
  const { roles } = delegations;
  const bins: HashBins = { count: roles.length, style: 'path_hash_prefixes' };
  const [first] = roles;
  const isOurs = roles.every(
    ({ name, keyids, threshold }, bin) =>
      name === binRole(bins, bin) && threshold === first?.threshold && keyids.join() === first.keyids.join(),
  );
  if (!first || !isOurs || !Number.isInteger(bitsOf(bins))) {
    throw malformed(path, 'its delegations are not in the form that this program writes');
  }
  const { keyids, threshold } = first;
  return { version, expires, bins, keys: delegations.keys, role: { keyids, threshold }, envelope };
}

/** Canonical bytes of targets metadata that delegates to bins, to be signed. */
export function delegatingTargetsBytes(
  content: Pick<DelegatingTargets, 'version' | 'expires' | 'bins' | 'keys' | 'role'>,
): Buffer {
  const { version, expires, bins, role } = content;
  const { keyids, threshold } = role;
  const how =
    bins.style === 'succinct'
      ? { succinct_roles: { bit_length: bitsOf(bins), keyids, name_prefix: BIN_PREFIX, threshold } }
      : {
          roles: Array.from({ length: bins.count }, (_, bin) => ({
            keyids,
            name: binRole(bins, bin),
            path_hash_prefixes: pathHashPrefixes(bins, bin),
            terminating: true,
            threshold,
          })),
        };
  return Buffer.from(
    canonicalize({
      _type: 'targets',
      delegations: { keys: content.keys, ...how },
      expires,
      spec_version: SPEC_VERSION,
      targets: {},
      version,
    }),
  );
}
