import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile } from './claim-file.js';
import { ERROR_FILE } from './names.js';

export const failureSchema = z.object({
  format: z.literal(1),
  timestamp: z.string(),
  release: z.string(),
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  failed_at: z.string(),
});

/** `tufline-error.json`: why a release failed and what to do (docs/hand-over.md). */
export type FailureFile = z.infer<typeof failureSchema>;

/** What a failed directory says of itself. */
export async function readFailure(directory: string): Promise<FailureFile | undefined> {
  return readJsonFile(join(directory, ERROR_FILE), failureSchema);
}
