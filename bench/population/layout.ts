import { logNormal, uniform } from './random.js';

/** Which targets belong to which package, and which packages to which owner. */
export interface Layout {
  readonly packages: number;
  readonly packageOf: (target: number) => number;
  readonly firstTarget: (number: number) => number;
  /** One more than versions. */
  readonly targets: (number: number) => number;
  readonly owner: (number: number) => { readonly owner: number; readonly rank: number };
}

/** Half the packages of public registries have at most five versions, a few have thousands. */
const VERSIONS = { median: 5, sigma: 1.25 };
const MOST_VERSIONS = 3000;
/** Packages an owner has: one for nearly half of them, thousands for a few. */
const PARETO = 1.15;
const MOST_PACKAGES = 20_000;

/** Costs about 10 bytes a package; there is a package for about ten targets. */
export function layOut(count: number, seed: number): Layout {
  if (!Number.isInteger(count) || count < 1 || count > 100_000_000)
    throw new RangeError(`cannot make ${String(count)} targets`);
  const starts = [0];
  const owners: number[] = [];
  const ownerStarts: number[] = [];
  let total = 0;
  while (total < count) {
    const number = owners.length;
    if (number === ownerEnd(ownerStarts, seed)) ownerStarts.push(number);
    owners.push(ownerStarts.length - 1);
    const versions = Math.round(logNormal(seed, 1, number, VERSIONS));
    total = Math.min(count, total + 1 + Math.min(Math.max(versions, 1), MOST_VERSIONS));
    starts.push(total);
  }
  const first = Uint32Array.from(starts);
  const ownerOf = Uint32Array.from(owners);
  const firstOf = Uint32Array.from(ownerStarts);
  const at = (array: Uint32Array, index: number): number => array[index] ?? 0;
  return {
    packages: ownerOf.length,
    firstTarget: (number) => at(first, number),
    targets: (number) => at(first, number + 1) - at(first, number),
    owner(number) {
      const owner = at(ownerOf, number);
      return { owner, rank: number - at(firstOf, owner) };
    },
    packageOf(target) {
      let low = 0;
      let high = ownerOf.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (at(first, middle) <= target) low = middle;
        else high = middle - 1;
      }
      return low;
    },
  };
}

/** The package after the last of the newest owner. */
function ownerEnd(ownerStarts: readonly number[], seed: number): number {
  const owner = ownerStarts.length - 1;
  if (owner < 0) return 0;
  const packages = Math.floor((1 - uniform(seed, 3, owner)) ** (-1 / PARETO));
  return (ownerStarts[owner] ?? 0) + Math.min(packages, MOST_PACKAGES);
}
