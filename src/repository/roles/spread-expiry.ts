import { createHash } from 'node:crypto';
import { expiresAt } from '../expiry.js';

/** At most this part of an expiry is taken off. */
const SPREAD = 1 / 4;

/**
 * Expiry of a bin that is signed together with many others: not the same for all of them, lest they all fall due again
 * in the same hour. `expiry` in milliseconds.
 */
export function spreadExpiry(now: Date, expiry: number, file: string): string {
  const share = createHash('sha256').update(file).digest().readUInt32BE(0) / 2 ** 32;
  return expiresAt(now, expiry * (1 - SPREAD * share));
}
