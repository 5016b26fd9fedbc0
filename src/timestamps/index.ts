/**
 * `<TIMESTAMP>`: the name that the pipeline gives a release. First a letter or digit, then letters, digits,
 * `.`, `_`, `-`, `:`; at most 100 bytes; not beginning with `tuf_`.
 */
const TIMESTAMP = /^(?!tuf_)[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;

/** Whether `text` may be a release's timestamp. */
export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text);
}

/**
 * The order in which releases are taken and in which one supersedes another: all-digit names first, by value
 * and then as strings; all others after them, by bytes.
 *
 * @returns a negative number where `a` comes first, a positive one where `b` does, 0 for the same name.
 */
export function compareTimestamps(a: string, b: string): number {
  const digitsA = /^\d+$/.test(a);
  const digitsB = /^\d+$/.test(b);
  if (digitsA !== digitsB) return digitsA ? -1 : 1;
  if (digitsA) {
    const valueA = BigInt(a);
    const valueB = BigInt(b);
    if (valueA !== valueB) return valueA < valueB ? -1 : 1;
  }
  // Names are ASCII, so the order of the strings is the order of their bytes.
  return a < b ? -1 : a > b ? 1 : 0;
}
