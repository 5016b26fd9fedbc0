import type { Choice, Sizes } from './sizes.js';

/** Whether a published client can use a layout. */
export interface Reader {
  readonly client: 'tuf-js' | 'python-tuf' | 'go-tuf' | 'tough' | 'php-tuf';
  /** `dearly`: it reads it, at a price that `why` names. */
  readonly reads: 'yes' | 'dearly' | 'no';
  readonly why?: string;
}

/** Where a snapshot gives no length these clients load at most so many bytes, unless they are told otherwise. */
const CAPS = {
  'tuf-js': 5_000_000,
  'python-tuf': 5_000_000,
  'go-tuf': 5_000_000,
  tough: 10_485_760,
  'php-tuf': 100_000,
};
/** More than this many seconds, or requests, are dear. */
const SLOW = 5;
const MANY_REQUESTS = 20;

/** What was found of the clients (docs/operating.md): releases of 2026. */
export function readersOf(choice: Choice, sizes: Sizes, targets: number): Reader[] {
  const { hashBins } = choice;
  const isSuccinct = hashBins?.style === 'succinct';
  const cannotFind = 'compares path_hash_prefixes with another form of the hash, and finds no target';
  const unknown = 'does not know succinct bins';
  const reader = (client: Reader['client'], refuses?: string, price?: string): Reader => {
    const isTooLarge =
      hashBins !== undefined && choice.snapshotEntries === 'version' && sizes.bin > CAPS[client];
    const why = refuses ?? (isTooLarge ? tooLarge(client) : undefined);
    if (why !== undefined) return { client, reads: 'no', why };
    return price === undefined ? { client, reads: 'yes' } : { client, reads: 'dearly', why: price };
  };
  return [
    reader('tuf-js', undefined, timeOf(choice, targets)),
    reader('python-tuf'),
    reader('go-tuf', hashBins && !isSuccinct ? cannotFind : undefined),
    reader('tough', isSuccinct ? unknown : undefined, allBins(choice, sizes)),
    reader('php-tuf', isSuccinct ? unknown : undefined),
  ];
}

function tooLarge(client: Reader['client']): string {
  return `loads at most ${String(CAPS[client])} bytes of a bin whose length the snapshot does not give`;
}

/** It copies its maps once an entry, so that time grows with the square of their size (measured on one core). */
function timeOf({ hashBins }: Choice, targets: number): string | undefined {
  const square = (entries: number): number => (entries / 1024) ** 2;
  const bins = hashBins?.count ?? 0;
  const roles = hashBins?.style === 'path_hash_prefixes' ? bins : 0;
  const seconds = 1.6 * square(bins) + 0.75 * square(roles) + 1.4 * square(targets / Math.max(1, bins));
  if (seconds < SLOW) return undefined;
  const inWords = seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} minutes`;
  return `takes about ${inWords} to parse it`;
}

/** It loads every delegated role each time, also those that it does not need and those that it has. */
function allBins({ hashBins }: Choice, { bin }: Sizes): string | undefined {
  if (!hashBins || hashBins.count < MANY_REQUESTS) return undefined;
  const { count } = hashBins;
  return `loads all ${String(count)} bins at each visit, ${((count * bin) / 1e6).toFixed(1)} MB`;
}
