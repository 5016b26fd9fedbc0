import {
  CancellationScope,
  CancelledFailure,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import { activitiesOf } from './activities.js';
import { abortedBefore, cancelledBy, failureOf, isCancellationOf, problemOf } from './failures.js';
import {
  MOVE_AGAIN,
  QUERY_STATE,
  SIGNAL_NOTIFY_WHEN_DONE,
  SIGNAL_RELEASE_DONE,
  type CommitResult,
  type Problem,
  type ReleaseInput,
  type ReleaseRef,
  type ReleaseResult,
  type ReleaseStatus,
} from './messages.js';
import { ReleaseProgress } from './progress.js';
import { bytesInWords, code, count, summaryOf } from './words.js';

const stateQuery = defineQuery<ReleaseStatus>(QUERY_STATE);
const notifyWhenDone = defineSignal<[string]>(SIGNAL_NOTIFY_WHEN_DONE);
const releaseDone = defineSignal<[string]>(SIGNAL_RELEASE_DONE);

type Claimed = ReleaseRef & { readonly files: number; readonly bytes: number };

/**
 * One ready directory on its road: claim, move, targets, snapshot, timestamp, cleanup. Until the targets commit it
 * can be cancelled or fail, and its files are put back; after the commit it rolls forward whatever happens.
 */
export async function release(input: ReleaseInput): Promise<ReleaseResult> {
  const { name, timestamp, maxConcurrentReleases: max } = input;
  const { monitor, mover, targets, snapshot, timestamp: timestamper } = activitiesOf(name);
  const title = input.directory ? summaryOf(input.directory) : `release ${timestamp}`;
  const progress = new ReleaseProgress(timestamp, title);
  const waiting = new Set<string>();
  setHandler(stateQuery, () => progress.status);
  setHandler(notifyWhenDone, (scan) => void waiting.add(scan));

  try {
    return await run();
  } finally {
    await CancellationScope.nonCancellable(tellWaiting);
  }

  async function run(): Promise<ReleaseResult> {
    let claimed: Claimed | undefined;
    let committed: CommitResult | undefined;
    let problem: Problem | undefined;
    try {
      if (input.cancelled) throw new CancelledFailure('Begun to be cancelled');
      const claim = await claimDirectory();
      if (claim.state === 'absent') return finishWithNothing();
      claimed = claim;
      problem = claim.problem ?? (claim.state === 'aborted' ? abortedBefore(timestamp) : undefined);
      if (problem === undefined) {
        committed = await moveAndCommit(claimed, claim.state === 'committed');
      }
    } catch (error) {
      problem = isCancellationOf(error) ? cancelledBy(timestamp) : problemOf(error);
      if (problem === undefined) throw error;
    }
    // From here on nothing can be cancelled: the release is either given back or published to the end.
    return CancellationScope.nonCancellable(async () => {
      if (claimed && committed) return publish(claimed, committed);
      const ref = claimed ?? (await claimDirectory({ regardless: true }));
      return 'release' in ref && problem ? giveBack(ref, problem) : finishWithNothing();
    });
  }

  async function claimDirectory(how: { readonly regardless?: boolean } = {}) {
    const claim = await progress.step(
      'claim',
      () =>
        monitor.claim.executeWithOptions({ activityId: 'claim', summary: `Take tuf_ready_${timestamp}` }, [
          { timestamp, max, ...how },
        ]),
      (result) =>
        result.state === 'absent'
          ? 'nothing there'
          : result.problem
            ? `refused: ${result.problem.code}`
            : `${count(result.files, 'file')}, ${bytesInWords(result.bytes)}`,
    );
    if (claim.state !== 'absent') progress.claimed(claim.release, claim.files);
    return claim;
  }

  /** A copy that is lost or damaged on the shared file system is made again from what the pipeline handed over. */
  async function moveAndCommit(ref: Claimed, isCommitted: boolean): Promise<CommitResult> {
    for (let attempt = 1; ; attempt++) {
      if (!isCommitted) await move(ref);
      try {
        return await commit(ref);
      } catch (error) {
        const problem = problemOf(error);
        if (problem === undefined || !MOVE_AGAIN.includes(problem.code)) throw error;
        await sleep(Math.min(60, 2 ** attempt) * 1000);
      }
    }
  }

  async function move(ref: Claimed): Promise<void> {
    const { release: id, files, bytes } = ref;
    await progress.step(
      'move',
      () =>
        mover.move.executeWithOptions(
          {
            activityId: 'move',
            summary: `Copy ${count(files, 'file')}, ${bytesInWords(bytes)} to the inbound directory`,
          },
          [{ timestamp, release: id }],
        ),
      (moved) => `${count(moved.files, 'file')}, ${bytesInWords(moved.bytes)} copied`,
    );
  }

  async function commit({ release: id, files }: Claimed): Promise<CommitResult> {
    return progress.step(
      'targets',
      () =>
        targets.targets.executeWithOptions(
          { activityId: 'targets', summary: `Hash ${count(files, 'file')}, sign targets metadata, commit` },
          [{ timestamp, release: id }],
        ),
      (done) =>
        `commit ${String(done.commit)}, targets version ${String(done.targetsVersion)}, ${count(done.targets, 'target')}`,
    );
  }

  async function publish(ref: Claimed, commit: CommitResult): Promise<ReleaseResult> {
    const { release: id, files, bytes } = ref;
    const signed = await progress.step(
      'snapshot',
      () =>
        snapshot.snapshot.executeWithOptions(
          {
            activityId: 'snapshot',
            summary: `Sign a snapshot with targets version ${String(commit.targetsVersion)}`,
          },
          [{ atLeastCommit: commit.commit }],
        ),
      ({ snapshotVersion }) => `snapshot version ${String(snapshotVersion)}`,
    );
    const visible = await progress.step(
      'timestamp',
      () =>
        timestamper.timestamp.executeWithOptions(
          {
            activityId: 'timestamp',
            summary: `Show snapshot version ${String(signed.snapshotVersion)} to clients`,
          },
          [{ atLeastSnapshot: signed.record }],
        ),
      ({ timestampVersion }) => `timestamp version ${String(timestampVersion)}: visible to clients`,
    );
    progress.published(visible.timestampVersion);
    await progress.step(
      'cleanup',
      () =>
        monitor.cleanup.executeWithOptions(
          { activityId: 'cleanup', summary: 'Release the semaphore and delete what was published' },
          [{ timestamp, release: id }],
        ),
      ({ left, names }) =>
        left === 0
          ? 'done'
          : `${count(left, 'foreign file')} left in tuf_done_${timestamp}: ${names.map(code).join(', ')}`,
    );
    progress.end('published');
    return {
      timestamp,
      state: 'published',
      release: id,
      files,
      bytes,
      commit: commit.commit,
      targetsVersion: commit.targetsVersion,
      snapshotVersion: signed.snapshotVersion,
      timestampVersion: visible.timestampVersion,
    };
  }

  /** Abort and put back, unless the commit was faster. Ends by throwing. */
  async function giveBack(ref: Claimed, problem: Problem): Promise<ReleaseResult> {
    const { release: id } = ref;
    const decided = await progress.step(
      'abort',
      () =>
        targets.abort.executeWithOptions(
          { activityId: 'abort', summary: `Record that ${id} will not be committed` },
          [{ timestamp, release: id, problem }],
        ),
      ({ decision, commit }) => `${decision} in record ${String(commit)}`,
    );
    if (decided.decision === 'committed') return publish(ref, await commit(ref));
    const truth = decided.problem ?? problem;
    progress.failed(truth);
    await progress.step(
      'putBack',
      () =>
        monitor.putBack.executeWithOptions(
          { activityId: 'putBack', summary: 'Give the files back to the pipeline' },
          [{ timestamp, release: id, problem: truth }],
        ),
      ({ directory }) =>
        directory === undefined ? 'nothing there any more' : `files are in ${code(directory)}`,
    );
    const isCancelled = truth.code === 'cancelled';
    progress.end(isCancelled ? 'cancelled' : 'failed');
    throw isCancelled ? new CancelledFailure(truth.message) : failureOf(truth);
  }

  function finishWithNothing(): ReleaseResult {
    progress.end('nothing to do');
    return { timestamp, state: 'nothing to do' };
  }

  async function tellWaiting(): Promise<void> {
    for (const scan of waiting) {
      try {
        await getExternalWorkflowHandle(scan).signal(releaseDone, timestamp);
      } catch {
        // The scan has ended; the next one looks for itself.
      }
    }
  }
}
