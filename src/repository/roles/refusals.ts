import { permanent, TuflineError } from '../../errors/index.js';
import { timeLeft } from '../expiry.js';

/** Refuses to include a version below the one that is published (§5.5.5 and its like, on our side). */
export function refuseRollback(role: string, version: number, atLeast: number): void {
  if (version >= atLeast) return;
  throw permanent(
    'rollback',
    `The ${role} metadata says that it is version ${String(version)}, but ${String(atLeast)} was expected.`,
    'Somebody put an older file in its place: restore the metadata directory from a backup or a mirror.',
  );
}

/** Refuses to include what clients would refuse as expired; the scan has it signed anew by its role. */
export function refuseExpired(role: string, { expires }: { readonly expires: string }, now: Date): void {
  if (timeLeft(expires, now) > 0) return;
  throw new TuflineError({
    code: 'expired-metadata',
    kind: 'transient',
    message: `The ${role} metadata expired on ${expires}.`,
    remedy: `The scan has the ${role} worker sign it anew; check that this worker runs, and the clock of this machine.`,
  });
}
