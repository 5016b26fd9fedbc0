import type { TopLevelRole } from '../config/config.js';
import { visibleCommit } from './decision.js';
import { loadRoot } from './load-root.js';
import { TARGETS_FILE, targetsFiles, type HashBins } from './metadata/hash-bins.js';
import type { CommitRecord, MetaEntry } from './records/records.js';
import type { TargetsState } from './records/targets-state.js';
import { loadDelegating } from './roles/load-delegating.js';
import type { Repository } from './repository.js';

/** How one role stands: what root delegates to it, and its published version. */
export interface RoleState {
  readonly version: number;
  /** RFC 3339. */
  readonly expires: string;
  readonly keyids: readonly string[];
  readonly threshold: number;
}

export interface PublishedState {
  /** Of `bins` only where there are hash bins: the lowest version and the first expiry of them. */
  readonly roles: Readonly<Record<TopLevelRole, RoleState>> & { readonly bins?: RoleState };
  readonly hashBins?: HashBins;
  /** Number of target paths. */
  readonly targets: number;
  /** Number of the newest record in `state/commits/`. */
  readonly commits: number;
  /** Newest first. */
  readonly latestCommits: readonly CommitRecord[];
  /** Releases that are committed but not visible yet. */
  readonly unpublished: readonly { readonly release: string; readonly timestamp: string }[];
}

/**
 * What `status` tells of the repository.
 * @param latest how many of the newest commits to give.
 */
export async function publishedState(repository: Repository, latest = 5): Promise<PublishedState> {
  const root = await loadRoot(repository);
  const commit = await repository.commits.latest();
  const snapshot = await repository.snapshots.latest();
  const timestamp = await repository.timestamps.latest();
  const state = (role: TopLevelRole, meta: { version: number; expires: string } | undefined): RoleState => ({
    version: meta?.version ?? 0,
    expires: meta?.expires ?? '',
    keyids: root.roles[role].keyids,
    threshold: root.roles[role].threshold,
  });
  const targets = commit && (await repository.targetsState.at(commit));
  const top = targets?.meta.get(TARGETS_FILE);
  const bins = targets?.hashBins && top ? await binsState(repository, targets, top) : undefined;
  const hashBins = targets?.hashBins;
  const newest = commit?.number ?? 0;
  const commits: CommitRecord[] = [];
  const oldest = await repository.commits.oldest();
  for await (const record of repository.commits.from(Math.max(oldest, newest - latest + 1)))
    commits.unshift(record);
  const visible = await visibleCommit(repository);
  const unpublished: { release: string; timestamp: string }[] = [];
  for await (const record of repository.commits.from(Math.max(oldest, visible + 1))) {
    if (record.kind !== 'release') continue;
    unpublished.push(
      ...record.releases.map((entry) => ({ release: entry.release, timestamp: entry.timestamp })),
    );
  }
  return {
    roles: {
      root: state('root', root),
      targets: state('targets', top),
      snapshot: state('snapshot', snapshot?.meta['snapshot.json']),
      timestamp: state('timestamp', timestamp?.meta['timestamp.json']),
      ...(bins ? { bins } : {}),
    },
    ...(hashBins ? { hashBins } : {}),
    targets: commit?.targets ?? 0,
    commits: newest,
    latestCommits: commits,
    unpublished,
  };
}

async function binsState(
  repository: Repository,
  { hashBins, meta }: TargetsState,
  top: MetaEntry,
): Promise<RoleState> {
  const entries = [...targetsFiles(hashBins)].flatMap((file) => meta.get(file) ?? []);
  const version = entries.reduce((lowest, entry) => Math.min(lowest, entry.version), Infinity);
  const expires = entries.reduce((first, entry) => (entry.expires < first ? entry.expires : first), '9999');
  const { keyids, threshold } = (await loadDelegating(repository, top)).role;
  return { version, expires, keyids, threshold };
}

/** Version of the top-level targets metadata after a commit; of one whose record was pruned, after the oldest there is. */
export async function targetsVersion(repository: Repository, commit: CommitRecord): Promise<number> {
  const { commits, targetsState } = repository;
  const own = commit.meta[TARGETS_FILE];
  if (own) return own.version;
  const oldest = await commits.oldest();
  const state = await targetsState.upTo(commit.number < oldest ? await commits.mustRead(oldest) : commit);
  return state.meta.get(TARGETS_FILE)?.version ?? 0;
}
