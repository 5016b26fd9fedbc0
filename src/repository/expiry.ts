/** A date as metadata carries it (§4.2.1): RFC 3339, UTC, to the second. */
export function metadataDate(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Expiry of a version that is signed now. `expiry` in milliseconds. */
export function expiresAt(now: Date, expiry: number): string {
  return metadataDate(new Date(now.getTime() + expiry));
}

/** Milliseconds until `expires`; negative afterwards. */
export function timeLeft(expires: string, now: Date): number {
  return Date.parse(expires) - now.getTime();
}
