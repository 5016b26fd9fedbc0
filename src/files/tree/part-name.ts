import { createHash } from 'node:crypto';
import { TEMPORARY_PREFIX } from '../durable.js';

/** Where a large file lies at the top of its tree until it is whole. No file of a release can have such a name. */
export function partName(path: string): string {
  return `${TEMPORARY_PREFIX}part-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
}
