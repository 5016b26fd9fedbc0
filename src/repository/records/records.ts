import { z } from 'zod';

/**
 * The records: what was decided, in order. One JSON object on one line each; docs/records.md is the format.
 * Field names on disk and here are the same, so that a record read from disk is the record.
 */
const hashes = z.partialRecord(z.enum(['sha256', 'sha512']), z.string());

const meta = z
  .object({
    version: z.int().positive(),
    length: z.int().nonnegative(),
    hashes,
    /** When this version expires, RFC 3339 in UTC to the second, as in the metadata. */
    expires: z.string(),
  })
  .strict();

const hashBins = z
  .object({ count: z.int().min(2), style: z.enum(['path_hash_prefixes', 'succinct']) })
  .strict();

const releaseEntry = z
  .object({
    release: z.string(),
    timestamp: z.string(),
    files: z.int().nonnegative(),
    bytes: z.int().nonnegative(),
  })
  .strict();

const problem = z.object({ code: z.string(), message: z.string(), remedy: z.string() }).strict();

const HASHED_COPY = /^(?:[^/]+\/)*(?:[0-9a-f]{64}|[0-9a-f]{128})\.[^/]+$/;

export const commitSchema = z
  .object({
    format: z.literal(1),
    number: z.int().positive(),
    kind: z.enum(['init', 'release', 'refresh', 'abort', 'resize', 'prune']),
    time: z.string(),
    /** Staged trees to put in place, in this order. Empty for an abort. */
    stages: z.array(z.string()),
    releases: z.array(releaseEntry),
    problem: problem.optional(),
    /** Of a prune: paths below `targets/` of the files that go, hashed copies that no kept metadata lists. */
    removes: z.array(z.string().regex(HASHED_COPY)).optional(),
    /** Metadata of the targets roles that this record makes, by file name without version; what it does not name stays. */
    meta: z.record(z.string(), meta),
    /** How targets are spread over bins after this record; absent where all are in `targets.json`. */
    hash_bins: hashBins.optional(),
    /** Number of target paths after this record. */
    targets: z.int().nonnegative(),
  })
  .strict();

/** The commits up to one of them, folded: what a process begins with instead of reading all records. */
export const checkpointSchema = z
  .object({
    format: z.literal(1),
    /** Of the commit whose state this is. */
    number: z.int().positive(),
    meta: z.record(z.string(), meta),
    hash_bins: hashBins.optional(),
    targets: z.int().nonnegative(),
  })
  .strict();

export const snapshotSchema = z
  .object({
    format: z.literal(1),
    number: z.int().positive(),
    time: z.string(),
    stages: z.array(z.string()),
    /** The last commit that this snapshot includes. */
    commit: z.int().positive(),
    meta: z.object({ 'snapshot.json': meta }).strict(),
  })
  .strict();

export const timestampSchema = z
  .object({
    format: z.literal(1),
    number: z.int().positive(),
    time: z.string(),
    stages: z.array(z.string()),
    /** Number of the snapshot record that this timestamp makes visible. */
    snapshot: z.int().positive(),
    meta: z.object({ 'timestamp.json': meta }).strict(),
  })
  .strict();

/** Version, length in bytes, hex digests and expiry of one metadata file. */
export type MetaEntry = z.infer<typeof meta>;
export type ReleaseEntry = z.infer<typeof releaseEntry>;
export type CommitRecord = z.infer<typeof commitSchema>;
export type Checkpoint = z.infer<typeof checkpointSchema>;
export type SnapshotRecord = z.infer<typeof snapshotSchema>;
export type TimestampRecord = z.infer<typeof timestampSchema>;
export type Problem = z.infer<typeof problem>;

/** What every record has. */
export interface BaseRecord {
  readonly number: number;
  readonly stages: readonly string[];
  /** Of a commit or abort: the releases that it decides. */
  readonly releases?: readonly ReleaseEntry[];
  /** Of a prune: files below `targets/` that it removes. */
  readonly removes?: readonly string[] | undefined;
}

export const parseCommit = (value: unknown): CommitRecord => commitSchema.parse(value);
export const parseCheckpoint = (value: unknown): Checkpoint => checkpointSchema.parse(value);
export const parseSnapshot = (value: unknown): SnapshotRecord => snapshotSchema.parse(value);
export const parseTimestamp = (value: unknown): TimestampRecord => timestampSchema.parse(value);
