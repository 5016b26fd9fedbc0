import type { HashBinsStyle } from '../../config/config.js';
import type { RepositoryOptions } from '../repository.js';
import { clientCost, signerCost, type ClientCost, type Load, type SignerCost } from './costs.js';
import { readersOf, type Reader } from './readers.js';
import { sizesOf, type Choice, type Sizes } from './sizes.js';

/** What a way to spread targets costs. */
export interface AdvisedChoice {
  /** 0: all targets in `targets.json`; then style and snapshot entries make no difference. */
  readonly count: number;
  readonly style: HashBinsStyle;
  readonly snapshotEntries: Choice['snapshotEntries'];
  readonly sizes: Sizes;
  readonly client: ClientCost;
  readonly signer: SignerCost;
  readonly readers: readonly Reader[];
}

export interface Advice {
  readonly choices: readonly AdvisedChoice[];
  /** One of them. */
  readonly recommended: AdvisedChoice;
}

/** Two and eight do little, and between those that are here the costs lie between. */
const COUNTS = [4, 16, 64, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
const STYLES: readonly HashBinsStyle[] = ['path_hash_prefixes', 'succinct'];
const FORMS = ['full', 'version'] as const;

/**
 * What each choice costs clients and signers.
 * @param entry bytes of a target in the metadata, with the comma that follows it.
 * @param style recommended is a choice of this style: clients decide on it more than costs do.
 */
export function advise(
  load: Load,
  entry: number,
  style: HashBinsStyle,
  roles: RepositoryOptions['roles'],
): Advice {
  const choiceOf = (count: number, of: HashBinsStyle, form: Choice['snapshotEntries']): AdvisedChoice => {
    const choice: Choice = {
      hashBins: count === 0 ? undefined : { count, style: of },
      snapshotEntries: form,
    };
    const sizes = sizesOf(choice, load.targets, entry);
    return {
      count,
      style: of,
      snapshotEntries: form,
      sizes,
      client: clientCost(choice, sizes, load, roles),
      signer: signerCost(choice, sizes, load),
      readers: readersOf(choice, sizes, load.targets),
    };
  };
  const flat = choiceOf(0, style, 'full');
  const inBins = COUNTS.flatMap((count) =>
    STYLES.flatMap((each) => FORMS.map((form) => choiceOf(count, each, form))),
  );
  return {
    choices: [flat, ...inBins],
    recommended: recommend(
      flat,
      inBins.filter((choice) => choice.style === style),
    ),
  };
}

/** A `targets.json` as small as this, in bytes, is not worth another request. */
const SMALL = 100_000;
/** What a request costs a client beside its bytes, in bytes. */
const REQUEST = 4000;
/** What is simpler may cost this much more, and so many bytes a visit on top. */
const SIMPLER = 1.2;
const UNNOTICED = 20_000;
/** Milliseconds that signing a release may take, where any choice can do it. */
const QUICK = 50;

/**
 * Of those that most clients can read and that cost little, the simplest: fewer bins, and a snapshot with length and
 * hashes, which clients check.
 */
function recommend(flat: AdvisedChoice, inBins: readonly AdvisedChoice[]): AdvisedChoice {
  if (flat.sizes.targets <= SMALL) return flat;
  const refusals = ({ readers }: AdvisedChoice): number =>
    readers.filter(({ reads }) => reads === 'no').length;
  const fewest = Math.min(...inBins.map(refusals));
  const all = [flat, ...inBins.filter((choice) => refusals(choice) === fewest)].sort(
    (a, b) => FORMS.indexOf(a.snapshotEntries) - FORMS.indexOf(b.snapshotEntries) || a.count - b.count,
  );
  const quickest = Math.min(...all.map(({ signer }) => signer.milliseconds));
  const quick = all.filter(({ signer }) => signer.milliseconds <= Math.max(QUICK, quickest));
  const most = Math.min(...quick.map(price)) * SIMPLER + VISITS * UNNOTICED;
  return quick.find((choice) => price(choice) <= most) ?? flat;
}

/** The first, and one each day of a month. */
const VISITS = 31;

/** Of a client that comes every day for a month. */
function price({ client }: AdvisedChoice): number {
  const { firstContact, afterDay } = client;
  return (
    firstContact.bytes +
    REQUEST * firstContact.requests +
    (VISITS - 1) * (afterDay.bytes + REQUEST * afterDay.requests)
  );
}
