import picomatch from 'picomatch';
import { permanent } from '../../errors/index.js';
import type { Signer } from '../../signers/index.js';
import { findDecision } from '../decision.js';
import { expiresAt, timeLeft } from '../expiry.js';
import { loadRoot } from '../load-root.js';
import { parseTargets, parseTargetsSigned, targetsBytes, type TargetsMetadata } from '../metadata/targets.js';
import type { TargetEntry } from '../metadata/target-entries.js';
import type { CommitRecord, Problem, ReleaseEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { signRole } from '../signing.js';
import type { StagedRelease } from '../staging/stage-release.js';
import { discardStage } from '../staging/stage.js';
import { appendAndInstall, completeLatest, stageSigned } from './append.js';
import { changesOf, checkReplacements } from './check-replacements.js';
import { mustLoadPublished } from './load-published.js';

const NO_ENTRIES = Buffer.alloc(0);

/**
 * Commits staged releases together: new targets metadata (§4.5), one record, and the files in their places.
 * The link of the record is the commit, the point of no return. Run again with what has been committed, it
 * returns that record.
 *
 * @returns the record that holds the releases; the newest of them where some had been committed before.
 * @throws permanent `aborted`, `immutable-target`, `superseded`, `path-conflict`; transient `io-…`.
 */
export async function commitReleases(
  repository: Repository,
  signers: readonly Signer[],
  staged: readonly StagedRelease[],
): Promise<CommitRecord> {
  const isImmutable = picomatch([...repository.options.immutableTargets], { dot: true });
  let waiting = staged;
  let committed: CommitRecord | undefined;
  for (;;) {
    const resumed = await resumeAll(repository, waiting);
    waiting = resumed.waiting;
    committed = resumed.newest ?? committed;
    if (committed && waiting.length === 0) return committed;
    const current = await currentTargets(repository);
    checkReplacements(current.targets, waiting, isImmutable, repository.options.plainTargetNames);
    const record = await appendVersion(repository, signers, {
      kind: 'release',
      current,
      changes: changesOf(current.targets, waiting),
      stages: waiting.map(({ stage }) => stage.id),
      releases: waiting.map(({ release, timestamp, files, bytes }) => ({ release, timestamp, files, bytes })),
    });
    if (record) return record;
  }
}

/**
 * Looks whether a release has been committed, and if so completes what may be left of putting it in place.
 * @throws permanent `aborted` where it has been aborted.
 */
export async function resumeCommit(
  repository: Repository,
  { release, timestamp }: Pick<ReleaseEntry, 'release' | 'timestamp'>,
): Promise<CommitRecord | undefined> {
  const decided = await findDecision(repository, release);
  if (!decided) return undefined;
  if (decided.decision === 'aborted') {
    throw permanent(
      'aborted',
      `The release ${timestamp} (${release}) was aborted in record ${String(decided.commit)}.`,
      `Its files are put back into tuf_failed_${timestamp}; "tufline retry ${timestamp}" releases them anew.`,
    );
  }
  // Records before the newest are complete, or the newest could not be there.
  await completeLatest(repository, repository.commits);
  return repository.commits.read(decided.commit);
}

export interface AbortDecision {
  /** Whichever of commit and abort was recorded first. */
  readonly decision: 'aborted' | 'committed';
  readonly commit: number;
  /** Of the abort that was recorded. */
  readonly problem?: Problem;
}

/** Records that a release will never be committed, unless it has been: whichever is first is the truth. */
export async function abortRelease(
  repository: Repository,
  release: Pick<ReleaseEntry, 'release' | 'timestamp'>,
  problem: Problem,
): Promise<AbortDecision> {
  for (;;) {
    const decided = await findDecision(repository, release.release);
    if (decided) {
      const recorded = (await repository.commits.read(decided.commit))?.problem;
      return {
        decision: decided.decision,
        commit: decided.commit,
        ...(recorded ? { problem: recorded } : {}),
      };
    }
    const latest = await completeLatest(repository, repository.commits);
    if (!latest) throw new Error('an initialised repository has a first record');
    await repository.commits.append({
      format: 1,
      number: latest.number + 1,
      kind: 'abort',
      time: repository.now().toISOString(),
      stages: [],
      releases: [{ release: release.release, timestamp: release.timestamp, files: 0, bytes: 0 }],
      problem: { code: problem.code, message: problem.message, remedy: problem.remedy },
      meta: latest.meta,
      targets: latest.targets,
    });
  }
}

/**
 * Signs the targets metadata anew, with a later expiry and the same targets, where less than `refreshBefore` is
 * left of the current version. @returns the newest record.
 */
export async function refreshTargets(
  repository: Repository,
  signers: readonly Signer[],
): Promise<CommitRecord> {
  for (;;) {
    const current = await currentTargets(repository);
    const { latest } = current;
    const left = timeLeft(latest.meta['targets.json'].expires, repository.now());
    if (left >= repository.options.roles.targets.refreshBefore) return latest;
    const record = await appendVersion(repository, signers, {
      kind: 'refresh',
      current,
      changes: new Map(),
      stages: [],
      releases: [],
    });
    if (record) return record;
  }
}

/** The first record of a new repository: targets metadata without targets. */
export async function initTargets(repository: Repository, signers: readonly Signer[]): Promise<CommitRecord> {
  const record = await appendVersion(repository, signers, {
    kind: 'init',
    current: undefined,
    changes: new Map(),
    stages: [],
    releases: [],
  });
  if (!record) throw permanent('exists', 'The repository has records already.', 'Use it as it is.');
  return record;
}

interface CurrentTargets {
  readonly latest: CommitRecord;
  readonly targets: TargetsMetadata;
}

interface NextVersion {
  readonly kind: 'init' | 'release' | 'refresh';
  readonly current: CurrentTargets | undefined;
  readonly changes: ReadonlyMap<string, TargetEntry>;
  readonly stages: readonly string[];
  readonly releases: readonly ReleaseEntry[];
}

/** @returns undefined where another record took the number. */
async function appendVersion(
  repository: Repository,
  signers: readonly Signer[],
  { kind, current, changes, stages, releases }: NextVersion,
): Promise<CommitRecord | undefined> {
  const root = await loadRoot(repository);
  const version = (current?.targets.version ?? 0) + 1;
  const number = (current?.latest.number ?? 0) + 1;
  const now = repository.now();
  const expires = expiresAt(now, repository.options.roles.targets.expiry);
  const { signed, added } = targetsBytes(
    { version, expires },
    current?.targets.entries ?? NO_ENTRIES,
    changes,
  );
  const envelope = await signRole(root, 'targets', signers, signed);
  const name = `${String(version)}.targets.json`;
  const metadata = await stageSigned(
    repository,
    `commit-${String(number)}`,
    { name, version, expires },
    envelope,
  );
  const record: CommitRecord = {
    format: 1,
    number,
    kind,
    time: now.toISOString(),
    stages: [...stages, metadata.stage.id],
    releases: [...releases],
    meta: { 'targets.json': metadata.entry },
    targets: (current?.latest.targets ?? 0) + added,
  };
  if (!(await appendAndInstall(repository, repository.commits, record, metadata))) return undefined;
  repository.cache.targets = parseTargetsSigned(envelope, name);
  return record;
}

/** The newest record, complete, with its targets metadata; read from disk only if another process wrote it. */
async function currentTargets(repository: Repository): Promise<CurrentTargets> {
  const latest = await completeLatest(repository, repository.commits);
  if (!latest) {
    // Says which directory is empty or not mounted.
    await loadRoot(repository);
    throw permanent(
      'no-records',
      `There are no records at ${repository.paths.commits}.`,
      'Restore the state directory.',
    );
  }
  const meta = latest.meta['targets.json'];
  const cached = repository.cache.targets;
  if (cached?.version === meta.version) return { latest, targets: cached };
  const bytes = await mustLoadPublished(repository, 'targets.json', meta);
  const targets = parseTargets(bytes, `${String(meta.version)}.targets.json`);
  repository.cache.targets = targets;
  return { latest, targets };
}

/** Which of these releases are still to be committed, and the newest record that holds one of the others. */
async function resumeAll(
  repository: Repository,
  staged: readonly StagedRelease[],
): Promise<{ waiting: StagedRelease[]; newest: CommitRecord | undefined }> {
  const waiting: StagedRelease[] = [];
  let newest: CommitRecord | undefined;
  for (const release of staged) {
    const record = await resumeCommit(repository, release);
    if (!record) {
      waiting.push(release);
      continue;
    }
    // Staged for nothing where another attempt has committed.
    if (!record.stages.includes(release.stage.id)) await discardStage(release.stage);
    if (record.number > (newest?.number ?? 0)) newest = record;
  }
  return { waiting, newest };
}
