import { timeLeft } from './expiry.js';
import type { Repository } from './repository.js';
import { isRedoPending } from './staging/install.js';

/** The lowest role that has to sign, and why; the roles above it follow. */
export interface Due {
  readonly role: 'targets' | 'snapshot' | 'timestamp';
  /** `unpublished`: something recorded has not reached the clients. `expires`: less than `refreshBefore` is left. */
  readonly why: 'unpublished' | 'expires';
  /** Expired, or half of `refreshBefore` is gone: it may not wait for a release that is being processed. */
  readonly urgent: boolean;
}

/** What a scan should have signed though there is no release, or undefined. */
export async function due(repository: Repository): Promise<Due | undefined> {
  const { options, commits, snapshots, timestamps } = repository;
  const [commit, snapshot, timestamp] = [
    await commits.latest(),
    await snapshots.latest(),
    await timestamps.latest(),
  ];
  if (!commit) return undefined;
  const now = repository.now();
  const expiring = (role: Due['role'], expires: string | undefined): Due | undefined => {
    if (expires === undefined) return undefined;
    const left = timeLeft(expires, now);
    const { refreshBefore } = options.roles[role];
    return left < refreshBefore ? { role, why: 'expires', urgent: left < refreshBefore / 2 } : undefined;
  };
  const unpublished = (role: Due['role']): Due => ({ role, why: 'unpublished', urgent: false });

  const targets = expiring('targets', commit.meta['targets.json'].expires);
  if (targets) return targets;
  if (await isRedoPending(repository, commit)) return unpublished('targets');

  const listed = snapshot ? await commits.read(snapshot.commit) : undefined;
  const isBehind = listed?.meta['targets.json'].version !== commit.meta['targets.json'].version;
  if (!snapshot || isBehind || (await isRedoPending(repository, snapshot))) return unpublished('snapshot');
  const expiringSnapshot = expiring('snapshot', snapshot.meta['snapshot.json'].expires);
  if (expiringSnapshot) return expiringSnapshot;

  if (!timestamp || timestamp.snapshot < snapshot.number || (await isRedoPending(repository, timestamp))) {
    return unpublished('timestamp');
  }
  return expiring('timestamp', timestamp.meta['timestamp.json'].expires);
}
