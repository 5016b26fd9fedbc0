import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { activitiesOf } from './activities.js';
import {
  releaseWorkflowId,
  RUNNING,
  SIGNAL_END_SCAN,
  SIGNAL_LOOK_AGAIN,
  SIGNAL_NOTIFY_WHEN_DONE,
  SIGNAL_RELEASE_DONE,
  type ReadyDirectory,
  type ScanProgress,
  type ScanResult,
  type Settings,
} from './messages.js';
import { release } from './release.js';
import { renew } from './renew.js';
import { endOfRun, endOfShift, isLong, patienceUntil } from './shift.js';
import { STATE } from './search-attributes.js';
import { count, summaryOf } from './words.js';

const notifyWhenDone = defineSignal<[string]>(SIGNAL_NOTIFY_WHEN_DONE);
const releaseDone = defineSignal<[string]>(SIGNAL_RELEASE_DONE);
const lookAgain = defineSignal(SIGNAL_LOOK_AGAIN);
const endScan = defineSignal(SIGNAL_END_SCAN);

export interface ScanOutcome {
  readonly started: number;
}

/**
 * Starts one release for each ready directory, oldest first, and goes on to the next as soon as one is through.
 * A directory in processing whose release runs is left alone; one whose release does not run is started again.
 * Ends when there is nothing to do. The schedule starts it every `scan_period` and never two at once.
 *
 * While there is work it goes on as a new run before its history gets long, and ends after a while, so that a pause
 * of the schedule is heeded: just before a tick, so that the next scan takes over at once.
 */
export async function scan(settings: Settings, before?: ScanProgress): Promise<ScanOutcome> {
  const { monitor } = activitiesOf(settings.name);
  const { scanPeriod, maxConcurrentReleases: max } = settings;
  const begun = before?.begun ?? Date.now();
  let endsAt = endOfShift(begun, scanPeriod);
  const continuesAt = endOfRun(Date.now());
  /** Timestamps of releases that run and will tell when they end. */
  const running = new Set<string>();
  let ended = 0;
  let started = before?.started ?? 0;
  let isWoken = false;
  setHandler(releaseDone, finish);
  setHandler(lookAgain, () => void (isWoken = true));
  setHandler(endScan, () => void (endsAt = 0));
  await Promise.all((before?.running ?? []).map(adopt));

  /** Ready directories that were seen and not begun yet: one look serves several that end one after the other. */
  let upcoming: readonly ReadyDirectory[] = [];
  let lookedAt = 0;
  let endedAtLook = 0;
  let found: ScanResult | undefined;
  for (;;) {
    const isLate = Date.now() - lookedAt >= scanPeriod;
    const isOver = (upcoming.length === 0 || max === 1) && ended > endedAtLook;
    if (!found || isLate || isOver || hasToLook()) {
      isWoken = false;
      lookedAt = Date.now();
      endedAtLook = ended;
      found = await look();
      upcoming = found.ready.filter(({ timestamp }) => !running.has(timestamp));
      await Promise.all(found.processing.filter((one) => !running.has(one)).map((one) => begin(one)));
      if (found.due && (running.size === 0 || found.due.urgent)) {
        await renew(settings, found.due, running.size === 0 ? scanPeriod : 0);
      }
    }
    if (Date.now() >= endsAt) return { started };
    const endedBefore = ended;
    const next = upcoming.slice(0, Math.max(0, max - running.size));
    upcoming = upcoming.slice(next.length);
    await Promise.all(next.map((directory) => begin(directory.timestamp, directory)));
    show(found);
    const isIdle = running.size === 0 && upcoming.length === 0 && found.readyCount === 0;
    if (isIdle && !hasToLook()) return { started };
    if (isLong(workflowInfo()) || Date.now() >= continuesAt) {
      return continueAsNew<typeof scan>(settings, { begun, started, running: [...running] });
    }
    // With one at a time there is nothing to look for until it ends.
    const isBusy = max === 1 && running.size > 0;
    const looksAt = isBusy ? Infinity : lookedAt + scanPeriod;
    await condition(
      () => ended > endedBefore || endsAt === 0 || hasToLook(),
      patienceUntil(Math.min(looksAt, continuesAt, endsAt)),
    );
  }

  /** Where there is no room for more, the next release to end has it looked anyway. */
  function hasToLook(): boolean {
    return isWoken && running.size < max && upcoming.length === 0;
  }

  async function look(): Promise<ScanResult> {
    return monitor.scan.executeWithOptions(
      { activityId: 'scan', summary: 'Look for ready directories and expiring roles' },
      [{ max: max === 1 ? 1 : 2 * max }],
    );
  }

  function finish(timestamp: string): void {
    running.delete(timestamp);
    ended++;
  }

  async function begin(timestamp: string, directory?: ReadyDirectory): Promise<void> {
    // At once, so that nobody begins it a second time while the server is asked.
    running.add(timestamp);
    const finished = (): void => {
      finish(timestamp);
    };
    try {
      const child = await startChild(release, {
        workflowId: releaseWorkflowId(settings.name, timestamp),
        args: [{ ...settings, timestamp, ...(directory ? { directory } : {}) }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: directory ? summaryOf(directory) : `Goes on with tuf_processing_${timestamp}`,
        typedSearchAttributes: [{ key: STATE, value: RUNNING }],
        memo: { timestamp },
      });
      started++;
      // However it ends, it has told its own story.
      void child.result().then(finished, finished);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await adopt(timestamp);
    }
  }

  /** A release that another scan has started tells this one when it ends. */
  async function adopt(timestamp: string): Promise<void> {
    running.add(timestamp);
    try {
      const handle = getExternalWorkflowHandle(releaseWorkflowId(settings.name, timestamp));
      await handle.signal(notifyWhenDone, workflowInfo().workflowId);
    } catch {
      // It ended in between: look again.
      finish(timestamp);
    }
  }

  function show({ readyCount }: ScanResult): void {
    const names = [...running].slice(0, 10).join(', ');
    const list = names === '' ? '' : `: ${names}${running.size > 10 ? ', …' : ''}`;
    setCurrentDetails(`${count(running.size, 'release')} running${list}; ${String(readyCount)} were ready.`);
  }
}
