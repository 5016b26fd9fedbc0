import { targetsFiles, type HashBins } from '../metadata/hash-bins.js';

/**
 * A part of a resize that is done as a whole: all targets that `sources` list go into `files`. As a bin is the first
 * bits of a hash, one bin of the coarser layout holds exactly what several of the finer one hold together.
 */
export interface Unit {
  readonly number: number;
  /** Files of the old layout. */
  readonly sources: readonly string[];
  /** Files of the new layout. */
  readonly files: readonly string[];
}

/** The units of a resize: as many as the coarser of the two layouts has files. */
export function unitsOf(from: HashBins | undefined, to: HashBins | undefined): Unit[] {
  const sources = [...targetsFiles(from)];
  const files = [...targetsFiles(to)];
  // Another style alone: the bins stay as they are, only what delegates to them changes.
  if (sources.length === files.length && from && to) return [];
  const count = Math.min(sources.length, files.length);
  return Array.from({ length: count }, (_, number) => ({
    number,
    sources: share(sources, number, count),
    files: share(files, number, count),
  }));
}

/** How much of the work a unit is: files of the finer layout. */
export function sizeOf(units: readonly Unit[]): number {
  return units.reduce((sum, { sources, files }) => sum + Math.max(sources.length, files.length), 0);
}

function share(all: readonly string[], number: number, count: number): string[] {
  const each = all.length / count;
  return all.slice(number * each, (number + 1) * each);
}
