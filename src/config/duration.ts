const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A hundred years, in milliseconds: beyond it are only typing errors, and dates that clients cannot read. */
export const LONGEST_DURATION = 36_500 * 86_400_000;

/**
 * A duration as the configuration writes it: `500ms`, `5s`, `1.5h`, `365d`.
 * @returns whole milliseconds, or undefined where `text` is none.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0));
}

/** Milliseconds as a person says them: the two largest units, `1 d 4 h`, `12 s`, `340 ms`. */
export function formatDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? '-' : '';
  let rest = Math.abs(Math.round(milliseconds));
  if (rest < 1000) return `${sign}${String(rest)} ms`;
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] ?? 1;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${String(count)} ${unit === 'm' ? 'min' : unit}`);
    // The next unit only where it follows at once: `1 d`, not `1 d 3 s`.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return sign + parts.join(' ');
}
