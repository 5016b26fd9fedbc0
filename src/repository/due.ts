import { timeLeft } from './expiry.js';
import { TARGETS_FILE, targetsFiles } from './metadata/hash-bins.js';
import type { CommitRecord } from './records/records.js';
import type { TargetsState } from './records/targets-state.js';
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

  const state = await repository.targetsState.at(commit);
  // Where the key of targets is offline nobody here could sign that role anew; status says when it is due.
  const isOnline = options.roles.targets.keys.length > 0;
  const targets = isOnline ? expiring('targets', state.meta.get(TARGETS_FILE)?.expires) : undefined;
  const bins = expiringBins(repository, state, now);
  if (bins?.urgent || targets) return bins?.urgent ? bins : targets;
  if (bins) return bins;
  if (await isRedoPending(repository, commit)) return unpublished('targets');

  const isBehind = snapshot !== undefined && (await changedSince(repository, snapshot.commit, commit));
  if (!snapshot || isBehind || (await isRedoPending(repository, snapshot))) return unpublished('snapshot');
  const expiringSnapshot = expiring('snapshot', snapshot.meta['snapshot.json'].expires);
  if (expiringSnapshot) return expiringSnapshot;

  if (!timestamp || timestamp.snapshot < snapshot.number || (await isRedoPending(repository, timestamp))) {
    return unpublished('timestamp');
  }
  return expiring('timestamp', timestamp.meta['timestamp.json'].expires);
}

/** The bin that expires first decides. */
function expiringBins({ options }: Repository, { hashBins, meta }: TargetsState, now: Date): Due | undefined {
  if (!hashBins) return undefined;
  let first = '9999';
  // Dates of one form are in order as strings: nothing is parsed that need not be.
  for (const file of targetsFiles(hashBins)) {
    const expires = meta.get(file)?.expires;
    if (expires !== undefined && expires < first) first = expires;
  }
  const left = timeLeft(first, now);
  const { refreshBefore } = options.roles.bins;
  return left < refreshBefore
    ? { role: 'targets', why: 'expires', urgent: left < refreshBefore / 2 }
    : undefined;
}

/** Whether a commit after that one has made metadata that no snapshot lists yet. Aborts make none. */
async function changedSince({ commits }: Repository, listed: number, latest: CommitRecord): Promise<boolean> {
  for (let number = latest.number; number > listed; number--) {
    const record = number === latest.number ? latest : await commits.mustRead(number);
    if (Object.keys(record.meta).length > 0) return true;
  }
  return false;
}
