import { join } from 'node:path';
import {
  createRepository,
  type HashBins,
  type Repository,
  type RepositoryOptions,
  type RoleSigners,
} from '../src/repository/index.js';
import { generateKey, openSigner, type Signer } from '../src/signers/index.js';
import { inBins, type Population, type PopulationTarget } from './population/index.js';

const DAY = 24 * 60 * 60 * 1000;

/** A repository that has targets already, without their files. */
export interface Populated {
  readonly options: RepositoryOptions;
  readonly signers: RoleSigners;
  readonly repository: Repository;
}

/** Options of a repository below `directory`, with the default expiries and a key for each role. */
export function optionsIn(
  directory: string,
  hashBins: HashBins | undefined,
  snapshotEntries: 'full' | 'version',
): RepositoryOptions {
  const role = (days: number) => ({
    threshold: 1,
    expiry: days * DAY,
    refreshBefore: (days * DAY) / 3,
    keys: ['file:key'],
  });
  return {
    repositoryPath: join(directory, 'repository'),
    statePath: join(directory, 'state'),
    roles: { root: role(365), targets: role(90), bins: role(30), snapshot: role(7), timestamp: role(1) },
    hashAlgorithms: ['sha256'],
    hashBins: {
      count: hashBins?.count ?? 0,
      style: hashBins?.style ?? 'path_hash_prefixes',
      snapshotEntries,
    },
    keyIds: 'spec',
    plainTargetNames: false,
    immutableTargets: [],
    metadataCache: 64 * 1024 * 1024,
    pruneAfter: 30 * 24 * 60 * 60 * 1000,
  };
}

/** Makes a repository with all targets of a population in its metadata: one bin in memory at a time. */
export async function makePopulated(
  directory: string,
  population: Population,
  hashBins: HashBins | undefined,
  snapshotEntries: 'full' | 'version' = 'full',
): Promise<Populated> {
  const options = optionsIn(directory, hashBins, snapshotEntries);
  const signers = {
    root: [await makeSigner(directory, 'root')],
    targets: [await makeSigner(directory, 'targets')],
    bins: [await makeSigner(directory, 'bins')],
    snapshot: [await makeSigner(directory, 'snapshot')],
    timestamp: [await makeSigner(directory, 'timestamp')],
  };
  return {
    options,
    signers,
    repository: await createRepository(options, signers, entriesOf(population, hashBins)),
  };
}

/** The entries of a population, asked for file after file in their order. */
export function entriesOf(population: Population, hashBins: HashBins | undefined) {
  const bins = inBins(population, hashBins ? Math.log2(hashBins.count) : 0);
  return {
    // Several are asked for before the first has answered, always in order.
    entries: () => {
      const next = bins.next();
      if (next.done) throw new Error('more bins are asked for than there are');
      return Promise.resolve(new Map(next.value.targets.map((target) => [target.path, entryOf(target)])));
    },
  };
}

function entryOf({ length, sha256, release }: PopulationTarget) {
  return { length, hashes: { sha256 }, release };
}

async function makeSigner(directory: string, role: string): Promise<Signer> {
  const { path } = await generateKey(join(directory, 'keys', role));
  return openSigner(`file:${path}`, { directory, environment: {} });
}
