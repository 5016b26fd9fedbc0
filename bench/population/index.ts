import { hash } from 'node:crypto';
import { layOut } from './layout.js';
import { describe, listLength, publishedAt, versionOf, zipLength, type Package } from './packages.js';

export { binOf, inBins, type Bin } from './bins.js';

/** A target as it stands in targets metadata. */
export interface PopulationTarget {
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /** Lower-case hex; of no file that there is. */
  readonly sha256: string;
  /** Timestamp of the release that published it: `20261124T081407.123Z-4f2a`. */
  readonly release: string;
}

/**
 * The targets of a registry: packages of owners, `owner/name/name.json` with the list of versions and
 * `owner/name/name-VERSION.zip` for each. A few owners have most packages, most packages have few versions, and sizes
 * span five orders of magnitude. The same count and seed give the same targets; a target is made when it is asked for,
 * so that memory does not grow with them (a few bytes a package).
 */
export interface Population extends Iterable<PopulationTarget> {
  readonly count: number;
  at(index: number): PopulationTarget;
  /** Paths alone, in the order of `at`: at half the price. */
  paths(): Iterable<string>;
  /** The next versions of a package, other packages for other numbers: a zip that is new and a list that replaces. */
  release(number: number): readonly [zip: PopulationTarget, list: PopulationTarget];
}

/** @param count from 1 to a hundred million. */
export function population(count: number, seed = 1): Population {
  const layout = layOut(count, seed);
  const packageAt = (number: number): Package => describe(seed, number, layout);

  const target = (path: string, length: number, release: string): PopulationTarget => ({
    path,
    length,
    sha256: hash('sha256', `${release}:${path}`, 'hex'),
    release,
  });
  // Lists come first, so that cutting the last package short leaves versions without a gap.
  const pathIn = (of: Package, place: number): string =>
    place === 0 ? `${of.prefix}.json` : `${of.prefix}-${versionOf(of, place - 1)}.zip`;
  const targetIn = (of: Package, place: number): PopulationTarget =>
    place === 0
      ? target(pathIn(of, 0), listLength(of), publishedAt(of, Math.max(0, of.versions - 1)))
      : target(pathIn(of, place), zipLength(of, place - 1), publishedAt(of, place - 1));

  function* each<T>(make: (of: Package, place: number) => T): Generator<T> {
    for (let number = 0; number < layout.packages; number++) {
      const of = packageAt(number);
      for (let place = 0; place <= of.versions; place++) yield make(of, place);
    }
  }
  return {
    count,
    at(index) {
      if (!(index >= 0 && index < count)) throw new RangeError(`no target ${String(index)}`);
      const number = layout.packageOf(index);
      return targetIn(packageAt(number), index - layout.firstTarget(number));
    },
    paths: () => each(pathIn),
    release(number) {
      const of = packageAt((number * SPREAD) % layout.packages);
      const versions = of.versions + 1 + Math.floor(number / layout.packages);
      return [targetIn(of, versions), targetIn({ ...of, versions }, 0)];
    },
    [Symbol.iterator]: () => each(targetIn),
  };
}

/** A prime above any number of packages: numbers one after the other fall far apart and never on the same package. */
const SPREAD = 179_424_673;
