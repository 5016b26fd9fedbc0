import { z } from 'zod';
import { LONGEST_DURATION, parseDuration } from './duration.js';
import { parseSize } from './size.js';

const DURATION = 'write a duration such as 5s, 12h or 365d';

const duration = z
  .string(DURATION)
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, DURATION)
  .refine((text) => {
    const milliseconds = parseDuration(text) ?? 0;
    return milliseconds > 0 && milliseconds <= LONGEST_DURATION;
  }, 'write a duration of more than nothing and at most 36500d')
  .transform((text) => parseDuration(text) ?? 0);

/** TUF writes the time of an expiry in whole seconds. */
const expiryDuration = duration.refine((milliseconds) => milliseconds >= 1000, 'write at least 1s');

const size = z
  .string('write a size such as 64MiB')
  .refine((text) => parseSize(text) !== undefined, 'write a size such as 64MiB')
  .transform((text) => parseSize(text) ?? 0);

/** More bins than this make a snapshot that no client wants to load. */
const MOST_BINS = 65_536;

const path = z.string('write a path').min(1, 'write a path');

function role(expiry: string) {
  return z
    .strictObject({
      threshold: z.int().min(1).default(1).describe('How many different keys have to sign.'),
      expiry: expiryDuration.prefault(expiry).describe('How long a new version is valid.'),
      refresh_before: expiryDuration
        .optional()
        .describe('A version with less than this left is signed anew; default a third of expiry.'),
      keys: z
        .array(z.string().min(1))
        .default([])
        .describe('Signer URIs, such as file:keys/targets/ab12cd34.pem.'),
    })
    .refine((value) => (value.refresh_before ?? 0) < value.expiry, {
      message: 'it has to be shorter than expiry',
      path: ['refresh_before'],
    })
    .refine(({ keys }) => new Set(keys).size === keys.length, {
      message: 'a key is named twice, and counts once',
      path: ['keys'],
    })
    .refine(({ keys, threshold }) => keys.length === 0 || keys.length >= threshold, {
      message: 'it asks for more signatures than there are keys',
      path: ['threshold'],
    });
}

const glob = z
  .string()
  .min(1)
  .refine(
    (text) => !/^\.{0,2}\//.test(text),
    'target paths begin with no / or ./, so this would match none of them',
  );

/** `tufline.yaml` as a person writes it, snake_case, with the defaults of docs/configuration.md. */
export const configSchema = z.strictObject({
  name: z
    .string('write a name, in quotes if it is a number')
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
      'use letters, digits, - and _, first a letter or digit, at most 63',
    )
    .default('tufline')
    .describe("The repository's name: prefix of workflow ids and task queues."),
  post_to_tuf_path: path.default('post-to-tuf').describe('Where pipelines hand packages over.'),
  inbound_path: path
    .default('inbound')
    .describe('Where packages wait to be signed, on the shared file system.'),
  repository_path: path.default('repository').describe('The published repository: metadata/ and targets/.'),
  state_path: path.default('state').describe('The records.'),
  scan_period: duration
    .refine((milliseconds) => milliseconds >= 1000, 'write at least 1s')
    .prefault('5s')
    .describe('How often ready directories are looked for.'),
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
      count: z
        .int()
        .min(0)
        .max(MOST_BINS)
        .refine((count) => count === 0 || (count >= 2 && Number.isInteger(Math.log2(count))), {
          message: 'write 0 or a power of two, such as 256 or 16384',
        })
        .default(0)
        .describe('A power of two; 0 keeps all targets in one file. Changed by "tufline bins resize" only.'),
      style: z
        .enum(['path_hash_prefixes', 'succinct'])
        .default('path_hash_prefixes')
        .describe('How targets metadata says which bin a target is in.'),
      snapshot_entries: z
        .enum(['full', 'version'])
        .default('full')
        .describe('Whether the snapshot lists length and hashes of bins too.'),
    })
    .prefault({})
    .describe('Targets metadata in several files.'),
  hash_algorithms: z
    .array(z.enum(['sha256', 'sha512']))
    .refine((names) => names.includes('sha256'), 'sha256 has to be among them')
    .refine((names) => new Set(names).size === names.length, 'each algorithm once')
    .default(['sha256'])
    .describe('Hashes of target files.'),
  key_ids: z
    .enum(['spec', 'php-tuf'])
    .default('spec')
    .describe('How ids of keys are computed when root is written.'),
  plain_target_names: z.boolean().default(false).describe('Keep targets under their plain names too.'),
  immutable_targets: z.array(glob).default([]).describe('Globs of targets that are never replaced.'),
  prune_after: duration
    .optional()
    .describe(
      'How long after it was superseded "tufline prune" may remove something; default 30d, or the longer one of snapshot and timestamp expiry.',
    ),
  prune_every: duration
    .refine((milliseconds) => milliseconds >= 60_000, 'write at least 1m')
    .optional()
    .describe('How often it is pruned by a schedule; without it only by "tufline prune".'),
  metadata_cache: size.prefault('64MiB').describe('How much metadata a worker keeps in memory.'),
  roles: z
    .strictObject({
      root: role('365d').prefault({}),
      targets: role('90d').prefault({}),
      bins: role('30d').prefault({}),
      snapshot: role('7d').prefault({}),
      timestamp: role('1d').prefault({}),
    })
    .prefault({})
    .describe('How each TUF role signs.'),
  temporal: z
    .strictObject({
      namespace: z.string().min(1).optional().describe('Goes before the one of the environment.'),
      profile: z.string().min(1).optional().describe('Profile of the Temporal configuration file.'),
    })
    .prefault({})
    .describe("Overrides of Temporal's environment configuration."),
});

export type ConfigDocument = z.infer<typeof configSchema>;
