import { z } from 'zod';
import { parseDuration } from './duration.js';

const duration = z
  .string('write a duration such as 5s, 12h or 365d')
  .refine((text) => (parseDuration(text) ?? 0) > 0, 'write a duration such as 5s, 12h or 365d')
  .transform((text) => parseDuration(text) ?? 0);

const path = z.string().min(1);

function role(expiry: string) {
  return z
    .strictObject({
      threshold: z.int().min(1).default(1).describe('How many different keys have to sign.'),
      expiry: duration.prefault(expiry).describe('How long a new version is valid.'),
      refresh_before: duration
        .optional()
        .describe('A version with less than this left is signed anew; default a third of expiry.'),
      keys: z
        .array(z.string().min(1))
        .default([])
        .describe('Signer URIs, such as file:keys/targets/ab12cd34.pem.'),
    })
    .refine((value) => (value.refresh_before ?? 0) < value.expiry, {
      message: 'refresh_before has to be shorter than expiry',
      path: ['refresh_before'],
    });
}

/** `tufline.yaml` as a person writes it, snake_case, with the defaults of the design. */
export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'use letters, digits, - and _, at most 63 of them')
    .default('tufline')
    .describe("The repository's name: prefix of workflow ids and task queues."),
  post_to_tuf_path: path.default('post-to-tuf').describe('Where pipelines hand packages over.'),
  inbound_path: path
    .default('inbound')
    .describe('Where packages wait to be signed, on the shared file system.'),
  repository_path: path.default('repository').describe('The published repository: metadata/ and targets/.'),
  state_path: path.default('state').describe('The records.'),
  scan_period: duration.prefault('5s').describe('How often ready directories are looked for.'),
  max_concurrent_releases: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('How many releases are processed at once.'),
  give_up_after: duration
    .prefault('1h')
    .describe(
      'After this long, trouble that sticks to one file while its neighbours read well fails its release.',
    ),
  hash_bins: z
    .strictObject({
      count: z.int().min(0).max(16384).default(0).describe('0 keeps all targets in one file.'),
      style: z.enum(['path_hash_prefixes', 'succinct']).default('path_hash_prefixes'),
      snapshot_entries: z.enum(['full', 'version']).default('full'),
    })
    .prefault({}),
  hash_algorithms: z
    .array(z.enum(['sha256', 'sha512']))
    .refine((names) => names.includes('sha256'), 'sha256 has to be among them')
    .refine((names) => new Set(names).size === names.length, 'each algorithm once')
    .default(['sha256']),
  key_ids: z
    .enum(['spec', 'php-tuf'])
    .default('spec')
    .describe('How ids of keys are computed when root is written.'),
  plain_target_names: z.boolean().default(false).describe('Keep targets under their plain names too.'),
  immutable_targets: z
    .array(z.string().min(1))
    .default([])
    .describe('Globs of targets that are never replaced.'),
  roles: z
    .strictObject({
      root: role('365d').prefault({}),
      targets: role('90d').prefault({}),
      snapshot: role('7d').prefault({}),
      timestamp: role('1d').prefault({}),
    })
    .prefault({}),
  temporal: z
    .strictObject({
      namespace: z.string().min(1).optional().describe('Goes before the one of the environment.'),
      profile: z.string().min(1).optional().describe('Profile of the Temporal configuration file.'),
    })
    .prefault({}),
});

export type ConfigDocument = z.infer<typeof configSchema>;
