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

const releaseEntry = z
  .object({
    release: z.string(),
    timestamp: z.string(),
    files: z.int().nonnegative(),
    bytes: z.int().nonnegative(),
  })
  .strict();

const problem = z.object({ code: z.string(), message: z.string(), remedy: z.string() }).strict();

export const commitSchema = z
  .object({
    format: z.literal(1),
    number: z.int().positive(),
    kind: z.enum(['init', 'release', 'refresh', 'abort']),
    time: z.string(),
    /** Staged trees to put in place, in this order. Empty for an abort. */
    stages: z.array(z.string()),
    releases: z.array(releaseEntry),
    problem: problem.optional(),
    /** Current metadata of the targets roles after this record, by file name without version. */
    meta: z.object({ 'targets.json': meta }).strict(),
    /** Number of target paths after this record. */
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
export type SnapshotRecord = z.infer<typeof snapshotSchema>;
export type TimestampRecord = z.infer<typeof timestampSchema>;
export type Problem = z.infer<typeof problem>;

/** What every record has. */
export interface BaseRecord {
  readonly number: number;
  readonly stages: readonly string[];
}

export const parseCommit = (value: unknown): CommitRecord => commitSchema.parse(value);
export const parseSnapshot = (value: unknown): SnapshotRecord => snapshotSchema.parse(value);
export const parseTimestamp = (value: unknown): TimestampRecord => timestampSchema.parse(value);
