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
 */
export async function releaseAll(conductor: Conductor): Promise<void> {
  for (;;) {
    const found = (await step(conductor, 'monitor', 'scan', { max: 1 })) as ScanResult;
    const timestamps = [...found.processing, ...found.ready.map(({ timestamp }) => timestamp)];
    const [timestamp] = timestamps;
    if (timestamp !== undefined) await releaseOne(conductor, timestamp);
    else if (found.due) await refresh(conductor, found.due.role);
    else return;
  }
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
  for (;;) {
    if (!isCommitted) await step(conductor, 'monitor', 'move', ref);
    try {
      return (await step(conductor, 'targets', 'targets', ref)) as CommitResult;
    } catch (error) {
      if (!(error instanceof StepFailed) || !MOVE_AGAIN.includes(error.failure.type)) throw error;
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
