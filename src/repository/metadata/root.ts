import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import type { TopLevelRole } from '../../config/config.js';
import type { PublicKey } from '../../signers/index.js';
import { parseEnvelope, parseJson, type Envelope } from './envelope.js';
import { SPEC_VERSION } from './spec-version.js';

/** Keys and threshold of one role, as root delegates to it (§4.3). */
export interface RoleKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

/** A version of root, taken apart. */
export interface RootMetadata {
  readonly version: number;
  readonly expires: string;
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly roles: Readonly<Record<TopLevelRole, RoleKeys>>;
  readonly envelope: Envelope;
}

export const publicKeySchema = z.object({
  keytype: z.string(),
  scheme: z.string(),
  keyval: z.object({ public: z.string() }),
});
const roleKeys = z.object({ keyids: z.array(z.string()), threshold: z.int().positive() });
const rootSchema = z.object({
  _type: z.literal('root'),
  version: z.int().positive(),
  expires: z.string(),
  consistent_snapshot: z.literal(true),
  keys: z.record(z.string(), publicKeySchema),
  roles: z.object({ root: roleKeys, targets: roleKeys, snapshot: roleKeys, timestamp: roleKeys }),
});

/** Takes `N.root.json` apart; signatures are not looked at here. @throws permanent `malformed-metadata` */
export function parseRoot(bytes: Buffer, path: string): RootMetadata {
  const envelope = parseEnvelope(bytes, path);
  const { version, expires, keys, roles } = parseJson(envelope.signed, rootSchema, path);
  return { version, expires, keys, roles, envelope };
}

/** Canonical bytes of a root to be signed (§4.3). */
export function rootBytes(root: Omit<RootMetadata, 'envelope'>): Buffer {
  return Buffer.from(
    canonicalize({
      _type: 'root',
      consistent_snapshot: true,
      expires: root.expires,
      keys: root.keys,
      roles: root.roles,
      spec_version: SPEC_VERSION,
      version: root.version,
    }),
  );
}
