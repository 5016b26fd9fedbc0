import type { RepositoryOptions } from '../repository.js';
import type { Choice, Sizes } from './sizes.js';

/** What happens to a repository. */
export interface Load {
  readonly targets: number;
  readonly releasesPerDay: number;
  readonly filesPerRelease: number;
}

export interface Visit {
  readonly bytes: number;
  /** On average; with the one that finds no newer root. */
  readonly requests: number;
}

/** What a client downloads of metadata that wants one target. */
export interface ClientCost {
  readonly firstContact: Visit;
  /** One that was there a day, or a week, ago. */
  readonly afterDay: Visit;
  readonly afterWeek: Visit;
}

/** What a release costs those who sign. */
export interface SignerCost {
  /** Metadata files. */
  readonly files: number;
  readonly bytesWritten: number;
  readonly bytesHashed: number;
  /** An estimate: without target files and without Temporal. */
  readonly milliseconds: number;
}

type Roles = RepositoryOptions['roles'];
const DAY = 24 * 60 * 60 * 1000;
const WEEK = 7 * DAY;

/** `roles` says how often what nobody changes is signed anew, and then downloaded again. */
export function clientCost({ hashBins }: Choice, sizes: Sizes, load: Load, roles: Roles): ClientCost {
  const always = { snapshot: 1, targets: 1, bin: 1 };
  const after = (age: number): typeof always => {
    const releases = (load.releasesPerDay * age) / DAY;
    const anything = 1 - Math.exp(-releases);
    const inBin = hashBins ? 1 - (1 - 1 / hashBins.count) ** (releases * load.filesPerRelease) : 0;
    return {
      snapshot: either(anything, renewed(roles.snapshot, age)),
      targets: either(hashBins ? 0 : anything, renewed(roles.targets, age)),
      bin: either(inBin, renewed(roles.bins, age)),
    };
  };
  const visit = (chance: typeof always): Visit => ({
    bytes: Math.round(
      sizes.timestamp +
        chance.snapshot * sizes.snapshot +
        chance.targets * sizes.targets +
        chance.bin * sizes.bin,
    ),
    // Whether there is a newer root, and the timestamp, are always asked for.
    requests: rounded(2 + chance.snapshot + chance.targets + (hashBins ? chance.bin : 0)),
  });
  return { firstContact: visit(always), afterDay: visit(after(DAY)), afterWeek: visit(after(WEEK)) };
}

/** Whether a file that nobody changes was signed anew in this time. */
function renewed({ expiry, refreshBefore }: Roles['bins'], age: number): number {
  return Math.min(1, age / (expiry - refreshBefore));
}

function either(a: number, b: number): number {
  return 1 - (1 - a) * (1 - b);
}

/**
 * How often each byte of metadata is hashed: Ed25519 reads it twice to sign and once for the check of the own signature,
 * its record wants a digest, and the next role takes a digest and checks the signature again.
 */
const HASHED = { signed: 2, checked: 2, digested: 2 };
/** Milliseconds for a megabyte: SHA-512 at 0.6 GB/s, SHA-256 at 1.4, and twice copied and written. */
const EACH_MB = (HASHED.signed + HASHED.checked) / 0.6 + HASHED.digested / 1.4 + 1.5;
/** Milliseconds for what does not depend on sizes: three records, and making and fsyncing a file, four at once. */
const EACH_RELEASE = 6;
const EACH_FILE = 0.4;

export function signerCost({ hashBins }: Choice, sizes: Sizes, { filesPerRelease }: Load): SignerCost {
  const touched = hashBins ? hashBins.count * (1 - (1 - 1 / hashBins.count) ** filesPerRelease) : 1;
  const ofTargets = touched * (hashBins ? sizes.bin : sizes.targets);
  const written = ofTargets + sizes.snapshot + sizes.timestamp;
  const times = HASHED.signed + HASHED.checked + HASHED.digested;
  return {
    files: rounded(touched + 2),
    bytesWritten: Math.round(written),
    bytesHashed: Math.round(written * times),
    milliseconds: rounded(EACH_RELEASE + EACH_FILE * (touched + 2) + (EACH_MB * written) / 1e6),
  };
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10;
}
