import {
  createMonitorActivities,
  createSnapshotActivities,
  createTargetsActivities,
  createTimestampActivities,
} from '../activities/index.js';
import type { Config, WorkerRole } from '../config/index.js';
import { usage } from '../errors/index.js';
import { probeLink } from '../files/index.js';
import {
  checkSigners,
  checkTargetsSigners,
  openRepository,
  type Repository,
  type TargetsSigners,
} from '../repository/index.js';
import { openSigners, type Signer } from '../signers/index.js';
import type { Environment } from '../temporal/index.js';

/**
 * The activities of one role, made with what that role may have and nothing else: its own key, and the probes of
 * what its file systems have to be able to do.
 *
 * @throws usage or permanent errors with a sentence where this worker could never do its work.
 */
export async function activitiesFor(
  role: WorkerRole,
  config: Config,
  environment: Environment,
): Promise<object> {
  const repository = openRepository(config);
  const { paths } = repository;
  switch (role) {
    case 'monitor':
      return createMonitorActivities({ ...config, repository });
    case 'targets':
      await probe(role, paths.staging, [paths.metadata, paths.targets]);
      await probe(role, paths.commits, [paths.commits]);
      return createTargetsActivities({
        ...config,
        repository,
        signers: await targetsSignersOf(config, repository, environment),
      });
    case 'snapshot':
      await probe(role, paths.staging, [paths.metadata]);
      await probe(role, paths.snapshot, [paths.snapshot]);
      return createSnapshotActivities({
        repository,
        signers: await signersOf(role, config, repository, environment),
      });
    case 'timestamp':
      await probe(role, paths.staging, [paths.metadata]);
      await probe(role, paths.timestamp, [paths.timestamp]);
      return createTimestampActivities({
        repository,
        signers: await signersOf(role, config, repository, environment),
      });
  }
}

async function probe(role: WorkerRole, from: string, to: readonly string[]): Promise<void> {
  for (const directory of to) await probeLink(from, directory, role);
}

/** With hash bins the key of targets itself may be offline, and the key of the bins is what releases need. */
async function targetsSignersOf(
  config: Config,
  repository: Repository,
  environment: Environment,
): Promise<TargetsSigners> {
  const open = (role: 'targets' | 'bins'): Promise<Signer[]> =>
    openSigners(config.roles[role].keys, { directory: config.directory, environment });
  const signers = { targets: await open('targets'), bins: await open('bins') };
  await checkTargetsSigners(repository, signers);
  return signers;
}

async function signersOf(
  role: 'snapshot' | 'timestamp',
  config: Config,
  repository: Repository,
  environment: Environment,
): Promise<Signer[]> {
  const { keys } = config.roles[role];
  if (keys.length === 0) {
    throw usage(
      'no-key',
      `roles.${role}.keys is empty, so this worker could sign nothing.`,
      `Name the key of ${role} there.`,
    );
  }
  const signers = await openSigners(keys, { directory: config.directory, environment });
  await checkSigners(repository, role, signers);
  return signers;
}
