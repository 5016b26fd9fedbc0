import type { Layout } from './layout.js';
import { nameOf } from './names.js';
import { bitsOf, logNormal, uniform } from './random.js';

/** What the targets of a package are derived from. */
export interface Package {
  readonly seed: number;
  readonly number: number;
  readonly versions: number;
  /** `owner/name/name` */
  readonly prefix: string;
  readonly habit: 'semantic' | 'drupal' | 'two-part';
  /** How many releases a minor version and how many minor versions a major version has, and the first major one. */
  readonly patches: number;
  readonly minors: number;
  readonly major: number;
}

const ZIP = { median: 60_000, sigma: 1.9 };
const BETWEEN_VERSIONS = { median: 1, sigma: 0.1 };
const SMALLEST = 400;
const LARGEST = 2 ** 31;
/** What a list says of itself, and of each version. */
const LIST = 180;
const LISTED = 165;

export function describe(seed: number, number: number, layout: Layout): Package {
  const { owner, rank } = layout.owner(number);
  const bits = bitsOf(seed, 4, number);
  const habit = bits % 100 < 70 ? 'semantic' : bits % 100 < 88 ? 'drupal' : 'two-part';
  const name = nameOf(rank, owner + 1, habit === 'drupal' ? '_' : '-');
  return {
    seed,
    number,
    versions: layout.targets(number) - 1,
    prefix: `${nameOf(owner, 0, '-')}/${name}/${name}`,
    habit,
    patches: 2 + ((bits >>> 7) % 9),
    minors: 3 + ((bits >>> 11) % 12),
    major: (bits >>> 15) % 4,
  };
}

/** Another one for each `index`. */
export function versionOf({ habit, patches, minors, major }: Package, index: number): string {
  if (habit === 'two-part') return `${String(major + Math.floor(index / 30))}.${String(index % 30)}`;
  if (habit === 'drupal') {
    const core = major % 2 === 0 ? '8.x' : '7.x';
    return `${core}-${String(1 + Math.floor(index / 24))}.${String(index % 24)}`;
  }
  const release = index % patches;
  const minor = Math.floor(index / patches);
  const head = `${String(major + Math.floor(minor / minors))}.${String(minor % minors)}`;
  // Those who do many releases have candidates.
  if (patches < 7) return `${head}.${String(release)}`;
  return release === 0 ? `${head}.0-rc1` : `${head}.${String(release - 1)}`;
}

/** Versions of a package are about as large as each other. */
export function zipLength({ seed, number }: Package, index: number): number {
  const usual = logNormal(seed, 5, number, ZIP);
  const length = usual * logNormal(seed, 7, number + Math.imul(index + 1, 7919), BETWEEN_VERSIONS);
  return Math.round(Math.min(Math.max(length, SMALLEST), LARGEST));
}

export function listLength({ seed, number, versions }: Package): number {
  return LIST + versions * LISTED + Math.floor(uniform(seed, 9, number) * LIST);
}

const DAY = 24 * 60 * 60 * 1000;
const FIRST_DAY = Date.UTC(2012, 0, 1) / DAY;
/** Formatting a date is dear, and there are few days. */
const DAYS = Array.from({ length: Date.UTC(2026, 10, 1) / DAY - FIRST_DAY }, (_, day) =>
  new Date((FIRST_DAY + day) * DAY).toISOString().slice(0, 10).replaceAll('-', ''),
);
const PAIRS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** The timestamp of the release of a version; versions follow one another from some day on until today. */
export function publishedAt({ seed, number, versions }: Package, index: number): string {
  const begun = uniform(seed, 10, number) * DAYS.length;
  const day = begun + ((DAYS.length - begun) * index) / Math.max(versions, index + 1);
  const time = bitsOf(seed, 11, number + Math.imul(index + 1, 7919));
  const pair = (value: number, below: number): string => PAIRS[value % below] ?? '';
  const clock = pair(time >>> 1, 24) + pair(time >>> 6, 60) + pair(time >>> 12, 60);
  const fraction = String(time % 1000).padStart(3, '0');
  const random = (time >>> 16).toString(16).padStart(4, '0');
  return `${DAYS[Math.floor(day)] ?? ''}T${clock}.${fraction}Z-${random}`;
}
