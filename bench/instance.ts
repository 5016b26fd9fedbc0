import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tufline } from '../demo/commands.js';
import { loadConfig, ROLES, type Config } from '../src/config/index.js';
import { createRepository, type HashBins } from '../src/repository/index.js';
import { openSigners, type Signer } from '../src/signers/index.js';
import type { Population } from './population/index.js';
import { entriesOf } from './populated.js';

export interface InstanceOptions {
  readonly population: Population;
  readonly hashBins: HashBins | undefined;
  readonly snapshotEntries: 'full' | 'version';
  readonly maxConcurrentReleases: number;
}

/** An instance as `init` makes it, whose repository has targets already. */
export async function makeInstance(directory: string, options: InstanceOptions): Promise<Config> {
  const { population, hashBins, snapshotEntries, maxConcurrentReleases } = options;
  await tufline(directory, ['init', directory]);
  const file = join(directory, 'tufline.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text
      .replace(/^max_concurrent_releases: \d+/m, `max_concurrent_releases: ${String(maxConcurrentReleases)}`)
      .replace(/^( +count:) \d+/m, `$1 ${String(hashBins?.count ?? 0)}`)
      .replace(/^( +style:) \S+/m, `$1 ${hashBins?.style ?? 'path_hash_prefixes'}`)
      .replace(/^( +snapshot_entries:) \S+/m, `$1 ${snapshotEntries}`),
  );
  const config = await loadConfig(file);
  for (const path of [config.repositoryPath, config.statePath]) await rm(path, { recursive: true });
  const signers = Object.fromEntries(
    await Promise.all(
      ROLES.map(async (role) => [
        role,
        await openSigners(config.roles[role].keys, { directory: config.directory, environment: {} }),
      ]),
    ),
  ) as Record<(typeof ROLES)[number], Signer[]>;
  await createRepository(config, signers, entriesOf(population, hashBins));
  return config;
}
