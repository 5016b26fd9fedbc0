import { join } from 'node:path';
import { z } from 'zod';
import { permanent, TuflineError } from '../errors/index.js';
import { readIfPresent } from '../files/index.js';
import { CLAIM_FILE } from './names.js';

const seenFile = z.object({
  path: z.string(),
  size: z.number(),
  /** Absent where the file system makes inode numbers up. */
  inode: z.string().optional(),
  mtime_ns: z.string(),
});
const problem = z.object({ code: z.string(), message: z.string(), remedy: z.string() });

export const claimSchema = z.object({
  format: z.literal(1),
  /** Id of this claim; a timestamp may come again, an id never does. */
  release: z.string(),
  timestamp: z.string(),
  claimed_at: z.string(),
  /** The operator's `retry --force`. */
  force: z.boolean(),
  files: z.array(seenFile),
  /** SHA256SUMS, where the pipeline gave one. */
  sums: seenFile.optional(),
  /** Why this directory cannot be released. */
  problem: problem.optional(),
});

/** What `claim` leaves in a processing directory (docs/hand-over.md). */
export type Claim = z.infer<typeof claimSchema>;

/** The claim of a directory, or undefined where it has none that is in our form: a pipeline may write there too. */
export async function readClaim(directory: string): Promise<Claim | undefined> {
  return unlessDamaged(readJsonFile(join(directory, CLAIM_FILE), claimSchema));
}

/** Reads a small JSON file of ours, or undefined where it is not there. */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw permanent(
      'damaged-file',
      `The file ${path} is not in the form that tufline writes.`,
      'Somebody changed it: move its directory out of the way and hand the files over again.',
      path,
    );
  }
}

/** Waits for what reads a file of ours; undefined where its content is not in our form. */
export async function unlessDamaged<T>(read: Promise<T>): Promise<T | undefined> {
  return read.catch((error: unknown) => {
    if (error instanceof TuflineError && error.kind === 'permanent') return undefined;
    throw error;
  });
}

/** The claim that a release id was given for. @throws transient `claim-gone` where another or none is there. */
export async function mustReadClaim(directory: string, release: string): Promise<Claim> {
  const claim = await readClaim(directory);
  if (claim?.release === release) return claim;
  throw new TuflineError({
    code: 'claim-gone',
    kind: 'transient',
    message: `The directory ${directory} does not hold the release ${release}.`,
    remedy: 'Another run has finished it, or somebody moved it; the next scan looks again.',
    path: directory,
  });
}
