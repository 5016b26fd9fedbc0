import assert from 'node:assert/strict';
import type { z } from 'zod';

/** Parses a command's JSON and checks it against the published form, in which nothing else may be. */
export function validated<T>(schema: z.ZodType<T>, text: string): T {
  const document: unknown = JSON.parse(text);
  const parsed = schema.parse(document);
  assert.deepEqual(parsed, document);
  return parsed;
}
