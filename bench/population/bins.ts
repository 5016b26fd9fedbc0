import { hash } from 'node:crypto';
import type { Population, PopulationTarget } from './index.js';

export interface Bin {
  readonly bin: number;
  /** In the order of their paths, as canonical JSON has them. */
  readonly targets: readonly PopulationTarget[];
}

/** The top bits of SHA-256 of the path, which is how hash bins divide targets. @param bits 0 to 24. */
export function binOf(path: string, bits: number): number {
  // One-shot and as a string: half the price of a hash object, and there are millions.
  const digest = hash('sha256', path, 'binary');
  const top = (digest.charCodeAt(0) << 16) | (digest.charCodeAt(1) << 8) | digest.charCodeAt(2);
  return top >>> (24 - bits);
}

/**
 * The targets of a population bin after bin, all 2 ** bits of them, empty ones too. Sorts the numbers of the targets by
 * bin first (8 bytes a target) and makes the targets of one bin at a time.
 */
export function* inBins(population: Population, bits: number): Generator<Bin> {
  if (!Number.isInteger(bits) || bits < 0 || bits > 24)
    throw new RangeError(`${String(bits)} bits choose no bin`);
  const bins = 2 ** bits;
  const ends = new Uint32Array(bins + 1);
  const binOfTarget = new Uint32Array(population.count);
  let index = 0;
  for (const path of population.paths()) {
    const bin = binOf(path, bits);
    binOfTarget[index++] = bin;
    ends[bin + 1] = (ends[bin + 1] ?? 0) + 1;
  }
  for (let bin = 0; bin < bins; bin++) ends[bin + 1] = (ends[bin + 1] ?? 0) + (ends[bin] ?? 0);
  const byBin = new Uint32Array(population.count);
  const next = ends.slice();
  for (const [target, bin] of binOfTarget.entries()) {
    const place = next[bin] ?? 0;
    byBin[place] = target;
    next[bin] = place + 1;
  }
  for (let bin = 0; bin < bins; bin++) {
    const targets = Array.from(byBin.subarray(ends[bin], ends[bin + 1]), (target) => population.at(target));
    targets.sort((a, b) => (a.path < b.path ? -1 : 1));
    yield { bin, targets };
  }
}
