const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `64MiB` → bytes; undefined where it is no size. */
export function parseSize(text: string): number | undefined {
  const [, number, unit] = /^(\d+)(B|KiB|MiB|GiB)$/.exec(text) ?? [];
  const factor = UNITS[unit ?? ''];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
