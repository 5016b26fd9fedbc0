import { expiresAt, timeLeft } from '../expiry.js';
import { TARGETS_FILE, targetsFiles } from '../metadata/hash-bins.js';
import type { CommitRecord } from '../records/records.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { appendTargets, type NextTargets } from './append-targets.js';
import { currentTargets } from './current-targets.js';
import { loadDelegating } from './load-delegating.js';
import { spreadExpiry } from './spread-expiry.js';
import type { TargetsSigners } from './targets-signers.js';

/** Bins that one record signs anew, so that releases need not wait long for it. */
const AT_MOST = 256;
const NO_CHANGES = new Map<string, never>();

/**
 * Signs anew, with a later expiry and the same targets, what has less than `refreshBefore` left: the top-level targets
 * metadata, and of hash bins the next few.
 * @returns the newest record, and whether more are due.
 */
export async function refreshTargets(
  repository: Repository,
  signers: TargetsSigners,
): Promise<{ readonly record: CommitRecord; readonly more: boolean }> {
  const { roles } = repository.options;
  for (;;) {
    const current = await currentTargets(repository);
    const { latest, state } = current;
    const now = repository.now();
    const due = dueBins(repository, state);
    const isTopDue = signers.targets.length > 0 && isDue(repository, state, TARGETS_FILE, 'targets');
    if (due.length === 0 && !isTopDue) return { record: latest, more: false };
    const { hashBins } = state;
    const top = hashBins && isTopDue ? state.meta.get(TARGETS_FILE) : undefined;
    const delegating = top && (await loadDelegating(repository, top));
    const next: NextTargets = {
      kind: 'refresh',
      current,
      hashBins,
      ...(delegating ? { delegating: { ...delegating, expires: expiresAt(now, roles.targets.expiry) } } : {}),
      files: hashBins ? due.slice(0, AT_MOST) : [TARGETS_FILE],
      expires: (file) =>
        hashBins ? spreadExpiry(now, roles.bins.expiry, file) : expiresAt(now, roles.targets.expiry),
      changes: () => Promise.resolve(NO_CHANGES),
      stages: [],
      releases: [],
    };
    const record = await appendTargets(repository, signers, next);
    if (record) return { record, more: due.length > AT_MOST };
  }
}

/** The bins that have to be signed anew, those that expire first at the front. */
export function dueBins(repository: Repository, state: TargetsState): string[] {
  if (!state.hashBins) return [];
  const due = [...targetsFiles(state.hashBins)].filter((file) => isDue(repository, state, file, 'bins'));
  const expires = (file: string): string => state.meta.get(file)?.expires ?? '';
  return due.sort((a, b) => (expires(a) < expires(b) ? -1 : 1));
}

function isDue(
  { options, now }: Repository,
  { meta }: TargetsState,
  file: string,
  role: 'targets' | 'bins',
): boolean {
  const expires = meta.get(file)?.expires;
  return expires !== undefined && timeLeft(expires, now()) < options.roles[role].refreshBefore;
}
