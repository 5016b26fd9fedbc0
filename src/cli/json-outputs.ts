import { z } from 'zod';
import { ROLES, WORKER_ROLES } from '../config/index.js';

/** What commands print with `--json`, one document each. The schemas in docs/schemas are written from these. */

const role = z.object({
  version: z.int(),
  expires: z.string(),
  keyids: z.array(z.string()),
  threshold: z.int(),
});

const failure = z.object({ code: z.string(), message: z.string(), remedy: z.string() });

/** A record; its whole form is commit-record.schema.json. */
const commit = z.looseObject({
  number: z.int(),
  kind: z.enum(['init', 'release', 'refresh', 'abort', 'resize', 'prune']),
  time: z.string(),
  releases: z.array(z.object({ release: z.string(), timestamp: z.string(), files: z.int(), bytes: z.int() })),
});

const running = z.object({
  timestamp: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  status: z.string(),
  state: z.string().optional(),
  step: z.object({ name: z.string(), attempt: z.int(), failure: z.string().optional() }).optional(),
});

const temporal = z.discriminatedUnion('reachable', [
  z.object({ reachable: z.literal(false), problem: z.string() }),
  z.object({
    reachable: z.literal(true),
    address: z.string(),
    namespace: z.string(),
    ui: z.string().optional(),
    schedule: z.object({ paused: z.boolean(), note: z.string(), next: z.string().optional() }).optional(),
    workers: z.array(z.object({ role: z.enum(WORKER_ROLES), workers: z.int() })),
    running: z.array(running),
  }),
]);

export const statusOutput = z.object({
  name: z.string(),
  directory: z.string(),
  handover: z
    .object({
      entries: z.array(
        z.object({
          name: z.string(),
          state: z.enum(['tmp', 'ready', 'processing', 'done', 'failed']),
          timestamp: z.string(),
          since: z.string(),
          files: z.int().optional(),
          release: z.string().optional(),
          failure: failure.optional(),
        }),
      ),
      remarks: z.array(z.string()),
    })
    .optional(),
  repository: z
    .object({
      roles: z.object({
        root: role,
        targets: role,
        bins: role.optional().describe('Where there are hash bins: lowest version and first expiry.'),
        snapshot: role,
        timestamp: role,
      }),
      hashBins: z.object({ count: z.int(), style: z.enum(['path_hash_prefixes', 'succinct']) }).optional(),
      targets: z.int(),
      commits: z.int(),
      latestCommits: z.array(commit),
      unpublished: z.array(z.object({ release: z.string(), timestamp: z.string() })),
    })
    .optional(),
  temporal,
  attention: z.array(z.string()).describe('What needs a person; empty where nothing does.'),
});

export const verifyOutput = z.object({
  targets: z.int(),
  bytes: z.int(),
  findings: z.array(z.object({ code: z.string(), message: z.string(), path: z.string().optional() })),
});

export const postOutput = z.union([
  z.object({ timestamp: z.string(), directory: z.string() }).describe('without --wait'),
  z
    .object({
      timestamp: z.string(),
      outcome: z.literal('published'),
      commit: z.int(),
      targets_version: z.int(),
      seconds: z.number(),
    })
    .describe('with --wait'),
  z
    .object({ timestamp: z.string(), outcome: z.literal('failed'), directory: z.string(), failure })
    .describe('with --wait'),
]);

export const initOutput = z.object({
  directory: z.string(),
  config: z.string(),
  keys: z.record(z.enum(ROLES), z.string()),
});

const pruned = z.object({
  records: z.int(),
  metadata: z.int().describe('Metadata files.'),
  targets: z.int().describe('Target files.'),
  bytes: z.int().describe('Of metadata and target files.'),
  oldest: z.string().optional().describe('When the oldest of the records was made.'),
});

export const pruneOutput = z.object({
  dryRun: z.boolean(),
  timestamp: pruned,
  snapshot: pruned,
  targets: pruned,
});

const layout = { count: z.int(), style: z.enum(['path_hash_prefixes', 'succinct']) };
const settings = z
  .enum(['written', 'as they were', 'not written'])
  .describe('Whether tufline.yaml says the same now.');

export const resizeOutput = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('there'), ...layout, settings }).describe('It was so already.'),
  z.object({ outcome: z.literal('started'), ...layout, workflowId: z.string() }).describe('with --no-wait'),
  z.object({
    outcome: z.literal('resized'),
    ...layout,
    commit: z.int(),
    targets: z.int(),
    targets_version: z.int(),
    timestamp_version: z.int(),
    seconds: z.number(),
    settings,
  }),
]);

const visit = z.object({ bytes: z.int(), requests: z.number() });
const choice = { ...layout, snapshotEntries: z.enum(['full', 'version']) };

export const adviseOutput = z.object({
  assumptions: z.object({
    targets: z.int(),
    releasesPerDay: z.int(),
    filesPerRelease: z.int(),
    entryBytes: z.number().describe('Of a target in the metadata.'),
    entryBytesFrom: z.enum(['instance', 'average']),
  }),
  choices: z.array(
    z.object({
      ...choice,
      sizes: z
        .object({ timestamp: z.int(), snapshot: z.int(), targets: z.int(), bin: z.int() })
        .describe('Bytes of each metadata file.'),
      client: z
        .object({ firstContact: visit, afterDay: visit, afterWeek: visit })
        .describe('What a client that wants one target downloads of metadata.'),
      signer: z
        .object({
          files: z.number(),
          bytesWritten: z.int(),
          bytesHashed: z.int(),
          milliseconds: z.number().describe('An estimate.'),
        })
        .describe('For each release.'),
      readers: z.array(
        z.object({
          client: z.enum(['tuf-js', 'python-tuf', 'go-tuf', 'tough', 'php-tuf']),
          reads: z.enum(['yes', 'dearly', 'no']),
          why: z.string().optional(),
        }),
      ),
    }),
  ),
  recommended: z.object(choice),
  sentence: z.string(),
});

export const scheduleOutput = z.object({ schedule: z.string(), outcome: z.string() });

export const retryOutput = z.object({
  timestamp: z.string(),
  outcome: z.enum(['ready', 'tried now', 'nothing pending']),
  directory: z.string().optional(),
  steps: z.array(z.string()).optional(),
});

export const cancelOutput = z.object({ timestamp: z.string(), outcome: z.string(), directory: z.string() });

export const replayOutput = z.object({ subject: z.string(), events: z.int(), workflowType: z.string() });
