import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
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
  refreshWorkflowId,
  releaseWorkflowId,
  SIGNAL_NOTIFY_WHEN_DONE,
  SIGNAL_RELEASE_DONE,
  type OnlineRole,
  type ReadyDirectory,
  type RefreshInput,
  type ScanResult,
  type Settings,
} from './messages.js';
import { refresh } from './refresh.js';
import { release } from './release.js';
import { STATE } from './search-attributes.js';
import { count, summaryOf } from './words.js';

const notifyWhenDone = defineSignal<[string]>(SIGNAL_NOTIFY_WHEN_DONE);
const releaseDone = defineSignal<[string]>(SIGNAL_RELEASE_DONE);

/** Within its run timeout, and with a short history; the next tick goes on. */
const LOOK_FOR_AT_MOST = 10 * 60 * 1000;
const START_AT_MOST = 100;

export interface ScanOutcome {
  readonly started: number;
}

/**
 * Starts one release for each ready directory, oldest first, and goes on to the next as soon as one is through.
 * A directory in processing whose release runs is left alone; one whose release does not run is started again.
 * Ends when there is nothing to do. The schedule starts it every `scan_period` and never two at once.
 */
export async function scan(settings: Settings): Promise<ScanOutcome> {
  const { monitor } = activitiesOf(settings.name);
  const max = settings.maxConcurrentReleases;
  const begun = Date.now();
  /** Timestamps of releases that run and will tell when they end. */
  const running = new Set<string>();
  let ended = 0;
  let started = 0;
  setHandler(releaseDone, (timestamp) => {
    running.delete(timestamp);
    ended++;
  });

  for (;;) {
    const found = await monitor.scan.executeWithOptions(
      { activityId: 'scan', summary: 'Look for ready directories and expiring roles' },
      [{ max }],
    );
    const endedBefore = ended;
    for (const timestamp of found.processing) if (!running.has(timestamp)) await begin(timestamp);
    for (const directory of found.ready) {
      if (running.size >= max) break;
      if (!running.has(directory.timestamp)) await begin(directory.timestamp, directory);
    }
    show(found);
    if (found.due && (running.size === 0 || found.due.urgent)) await renew(found.due.role, found.due.why);
    if (running.size === 0 && found.readyCount === 0) return { started };
    const left = LOOK_FOR_AT_MOST - (Date.now() - begun);
    if (left <= 0 || started >= START_AT_MOST) return { started };
    const patience = running.size < max ? Math.min(settings.scanPeriod, left) : left;
    await condition(() => ended > endedBefore, patience);
  }

  async function begin(timestamp: string, directory?: ReadyDirectory): Promise<void> {
    const workflowId = releaseWorkflowId(settings.name, timestamp);
    try {
      const child = await startChild(release, {
        workflowId,
        args: [{ ...settings, timestamp, ...(directory ? { directory } : {}) }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: directory ? summaryOf(directory) : `Goes on with tuf_processing_${timestamp}`,
        typedSearchAttributes: [{ key: STATE, value: 'claiming' }],
        memo: { timestamp },
      });
      started++;
      running.add(timestamp);
      const finish = (): void => {
        running.delete(timestamp);
        ended++;
      };
      // However it ends, it has told its own story.
      void child.result().then(finish, finish);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await adopt(workflowId, timestamp);
    }
  }

  /** A release that another scan has started tells this one when it ends. */
  async function adopt(workflowId: string, timestamp: string): Promise<void> {
    running.add(timestamp);
    try {
      await getExternalWorkflowHandle(workflowId).signal(notifyWhenDone, workflowInfo().workflowId);
    } catch {
      // It ended in between: look again.
      running.delete(timestamp);
      ended++;
    }
  }

  async function renew(role: OnlineRole, why: RefreshInput['why']): Promise<void> {
    try {
      const child = await startChild(refresh, {
        workflowId: refreshWorkflowId(settings.name),
        args: [{ ...settings, from: role, why }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary:
          why === 'expires'
            ? `Sign ${role} and what is above it anew, before it expires`
            : `Show to clients what an interrupted run left in ${role}`,
      });
      // Usually done at once; where a worker is away, ready directories shall not wait for it.
      let isDone = false;
      const finish = (): void => void (isDone = true);
      void child.result().then(finish, finish);
      if (running.size === 0) await condition(() => isDone, settings.scanPeriod);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  function show(found: ScanResult): void {
    const names = [...running].join(', ');
    setCurrentDetails(
      `${count(running.size, 'release')} running${names === '' ? '' : `: ${names}`}; ${String(found.readyCount)} ready.`,
    );
  }
}
