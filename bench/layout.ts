import type { HashBins } from '../src/repository/index.js';

/** How many targets, in how many bins; 0 bins keep all in one file. */
export interface Layout {
  readonly targets: number;
  readonly bins: number;
}

/** Of the snapshots of all that is measured. */
export const SNAPSHOT_ENTRIES = 'version';

export function inWords({ targets, bins }: Layout): string {
  return `${targets.toLocaleString('en')} targets${bins > 0 ? ` in ${bins.toLocaleString('en')} bins` : ', flat'}`;
}

export function hashBinsOf({ bins }: Layout): HashBins | undefined {
  return bins > 0 ? { count: bins, style: 'succinct' } : undefined;
}
