import type { WorkerRole } from '../../../src/config/index.js';
import type {
  ClaimResult,
  CommitResult,
  ScanResult,
  SnapshotResult,
} from '../../../src/workflows/messages.js';
import { MOVE_AGAIN } from '../../../src/workflows/messages.js';
import { StepFailed, WorkerDied, type Executor } from './executors.js';
import type { Failure } from './messages.js';

export type Executors = Readonly<Record<WorkerRole, Executor>>;

/** What Temporal does around the steps: who runs them, and what happens after one went wrong. */
export interface Conductor {
  executor(role: WorkerRole): Executor;
  /** The worker of a role is gone; the next call of `executor` gives another one. */
  onDeath(role: WorkerRole): Promise<void>;
  /** A step is going to be tried again. */
  onFailure?(role: WorkerRole, name: string, failure: Failure): Promise<void>;
  /** A step has ended well. */
  onDone?(role: WorkerRole, name: string): Promise<void>;
}

const TRIES = 400;

/**
 * Scans, and takes every directory on its road, as the workflows do: the same steps with the same inputs in the
 * same order, each tried again until it succeeds. @returns when nothing is left to do.
 * @param max how many releases are under way at once: they go step by step, all of them in the same one.
 */
export async function releaseAll(conductor: Conductor, max = 1): Promise<void> {
  for (;;) {
    const found = (await step(conductor, 'monitor', 'scan', { max })) as ScanResult;
    const timestamps = [...found.processing, ...found.ready.map(({ timestamp }) => timestamp)];
    const [timestamp] = timestamps;
    if (timestamp !== undefined && max === 1) await releaseOne(conductor, timestamp);
    else if (timestamp !== undefined) await releaseTogether(conductor, timestamps.slice(0, max), max);
    else if (found.due) await refresh(conductor, found.due.role);
    else return;
  }
}

/** Several good releases side by side: what waits at a signing worker is committed together. */
async function releaseTogether(
  conductor: Conductor,
  timestamps: readonly string[],
  max: number,
): Promise<void> {
  const claims = await Promise.all(
    timestamps.map(
      (timestamp) => step(conductor, 'monitor', 'claim', { timestamp, max }) as Promise<ClaimResult>,
    ),
  );
  const claimed = claims.flatMap((claim) => (claim.state === 'absent' ? [] : [claim]));
  const refOf = ({ timestamp, release }: Ref): Ref => ({ timestamp, release });
  const undecided = claimed.filter(({ state }) => state !== 'committed').map(refOf);
  await Promise.all(undecided.map((ref) => step(conductor, 'monitor', 'move', ref)));
  const commits = await Promise.all(claimed.map((claim) => commitOrMove(conductor, refOf(claim))));
  const snapshots = await Promise.all(
    commits.map(
      ({ commit }) =>
        step(conductor, 'snapshot', 'snapshot', { atLeastCommit: commit }) as Promise<SnapshotResult>,
    ),
  );
  await Promise.all(
    snapshots.map(({ record }) => step(conductor, 'timestamp', 'timestamp', { atLeastSnapshot: record })),
  );
  await Promise.all(claimed.map((claim) => step(conductor, 'monitor', 'cleanup', refOf(claim))));
}

async function releaseOne(conductor: Conductor, timestamp: string): Promise<void> {
  const claim = (await step(conductor, 'monitor', 'claim', { timestamp, max: 1 })) as ClaimResult;
  if (claim.state === 'absent') return;
  const ref = { timestamp, release: claim.release };
  try {
    if (claim.problem)
      throw new StepFailed({ ...claim.problem, type: claim.problem.code, isPermanent: true });
    const commit = await moveAndCommit(conductor, ref, claim.state === 'committed');
    await publish(conductor, ref, commit);
  } catch (error) {
    if (!(error instanceof StepFailed) || !error.failure.isPermanent) throw error;
    const problem = { code: error.failure.type, message: error.message, remedy: 'See above.' };
    const decided = (await step(conductor, 'targets', 'abort', { ...ref, problem })) as { decision: string };
    if (decided.decision === 'committed') throw error;
    await step(conductor, 'monitor', 'putBack', { ...ref, problem });
  }
}

type Ref = Readonly<Record<'timestamp' | 'release', string>>;

async function moveAndCommit(conductor: Conductor, ref: Ref, isCommitted: boolean): Promise<CommitResult> {
  if (!isCommitted) await step(conductor, 'monitor', 'move', ref);
  return commitOrMove(conductor, ref);
}

async function commitOrMove(conductor: Conductor, ref: Ref): Promise<CommitResult> {
  for (;;) {
    try {
      return (await step(conductor, 'targets', 'targets', ref)) as CommitResult;
    } catch (error) {
      if (!(error instanceof StepFailed) || !MOVE_AGAIN.includes(error.failure.type)) throw error;
      await step(conductor, 'monitor', 'move', ref);
    }
  }
}

async function publish(conductor: Conductor, ref: Ref, commit: CommitResult): Promise<void> {
  const snapshot = (await step(conductor, 'snapshot', 'snapshot', {
    atLeastCommit: commit.commit,
  })) as SnapshotResult;
  await step(conductor, 'timestamp', 'timestamp', { atLeastSnapshot: snapshot.record });
  await step(conductor, 'monitor', 'cleanup', ref);
}

async function refresh(conductor: Conductor, from: 'targets' | 'snapshot' | 'timestamp'): Promise<void> {
  const renew = true;
  if (from === 'targets') await step(conductor, 'targets', 'refreshTargets', undefined);
  if (from !== 'timestamp') await step(conductor, 'snapshot', 'snapshot', { renew });
  await step(conductor, 'timestamp', 'timestamp', { renew });
}

async function step(conductor: Conductor, role: WorkerRole, name: string, input: unknown): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await conductor.executor(role).run(name, input);
      await conductor.onDone?.(role, name);
      return result;
    } catch (error) {
      if (attempt >= TRIES) throw error;
      if (error instanceof WorkerDied) {
        await conductor.onDeath(role);
        continue;
      }
      if (!(error instanceof StepFailed) || error.failure.isPermanent) throw error;
      await conductor.onFailure?.(role, name, error.failure);
    }
  }
}
