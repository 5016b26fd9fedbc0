import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** What `npm run bench` found, in full: tables and plots are made of this and of nothing else. */

const samples = z.array(z.number());

const Machine = z.object({
  cores: z.number(),
  cpu: z.string(),
  memoryBytes: z.number(),
  system: z.string(),
  node: z.string(),
  fileSystem: z.string(),
  /** A file of 4 KB created, written and fsynced, and its directory fsynced: milliseconds. */
  smallFile: samples,
  /** `cp` of a file that is in memory, and fsync of the copy: bytes per second. */
  copy: samples,
  /** Processes that wanted a core, on average of the last minute; figures of a busy machine are worth less. */
  load: z.number(),
});

const Goal = z.object({
  bound: z.enum(['at most', 'at least']),
  value: z.number(),
  /** Which share of the samples lies below what is compared: 0.5 for the median. */
  share: z.number(),
});

const Figure = z.object({
  name: z.string(),
  /** `ms`, `releases/s`, `files/s`, `B`, `×` … */
  unit: z.string(),
  samples,
  goal: Goal.optional(),
  /** What the figure depends on, or what bounds it. */
  note: z.string().optional(),
});

const layout = { targets: z.number(), /** 0 for flat. */ bins: z.number() };

/** Releases of tufline in a repository of some size. */
const LatencyPoint = z.object({
  /** What was measured, as the legend has it: `tufline`, `tufline without Temporal`. */
  who: z.string(),
  ...layout,
  /** Milliseconds of each release. */
  samples,
});

const PeerRun = z.object({
  name: z.enum(['python-tuf', 'go-tuf']),
  ...layout,
  style: z.enum(['flat', 'path_hash_prefixes', 'succinct']),
  snapshotEntries: z.enum(['full', 'version']),
  setupMilliseconds: z.number(),
  releases: z.array(z.object({ milliseconds: z.number(), residentBytes: z.number(), peakBytes: z.number() })),
});

const ThroughputPoint = z.object({
  /** What was varied beside the concurrency, as the legend has it: `embedded server`, `PostgreSQL`. */
  series: z.string(),
  /** `max_concurrent_releases` */
  concurrency: z.number(),
  /** Releases per second, of each run or each minute. */
  samples,
});

const StepSample = z.object({
  /** Which releases these are, as the heading has it: `1,000 targets, one at a time`. */
  run: z.string(),
  step: z.string(),
  /** Milliseconds until a worker had it, and that the worker took. */
  wait: z.number(),
  work: z.number(),
});

const RawData = z.object({
  version: z.literal(1),
  /** When the run began, ISO 8601. */
  at: z.string(),
  machine: Machine,
  figures: z.array(Figure),
  latency: z.array(LatencyPoint),
  peers: z.array(PeerRun),
  throughput: z.array(ThroughputPoint),
  /** In the order in which a release does them. */
  steps: z.array(StepSample),
});

export type Machine = z.infer<typeof Machine>;
export type Goal = z.infer<typeof Goal>;
export type Figure = z.infer<typeof Figure>;
export type LatencyPoint = z.infer<typeof LatencyPoint>;
export type PeerRun = z.infer<typeof PeerRun>;
export type ThroughputPoint = z.infer<typeof ThroughputPoint>;
export type StepSample = z.infer<typeof StepSample>;
export type RawData = z.infer<typeof RawData>;

/** @throws ZodError where the file is of another version of the bench */
export async function readRawData(path: string): Promise<RawData> {
  return RawData.parse(JSON.parse(await readFile(path, 'utf8')));
}

export async function writeRawData(path: string, data: RawData): Promise<void> {
  await writeFile(path, `${JSON.stringify(data, undefined, 1)}\n`);
}
