import type { RoleName } from '../config/config.js';
import { visibleCommit } from './decision.js';
import { loadRoot } from './load-root.js';
import type { CommitRecord } from './records/records.js';
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
  readonly roles: Readonly<Record<RoleName, RoleState>>;
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
  const state = (role: RoleName, meta: { version: number; expires: string } | undefined): RoleState => ({
    version: meta?.version ?? 0,
    expires: meta?.expires ?? '',
    keyids: root.roles[role].keyids,
    threshold: root.roles[role].threshold,
  });
  const newest = commit?.number ?? 0;
  const commits: CommitRecord[] = [];
  for await (const record of repository.commits.from(Math.max(1, newest - latest + 1)))
    commits.unshift(record);
  const visible = await visibleCommit(repository);
  const unpublished: { release: string; timestamp: string }[] = [];
  for await (const record of repository.commits.from(visible + 1)) {
    if (record.kind !== 'release') continue;
    unpublished.push(
      ...record.releases.map((entry) => ({ release: entry.release, timestamp: entry.timestamp })),
    );
  }
  return {
    roles: {
      root: state('root', root),
      targets: state('targets', commit?.meta['targets.json']),
      snapshot: state('snapshot', snapshot?.meta['snapshot.json']),
      timestamp: state('timestamp', timestamp?.meta['timestamp.json']),
    },
    targets: commit?.targets ?? 0,
    commits: newest,
    latestCommits: commits,
    unpublished,
  };
}
