import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Config } from '../config/index.js';
import { formatDuration } from '../config/index.js';
import {
  pruneScheduleId,
  pruneWorkflowId,
  scanScheduleId,
  scanWorkflowId,
  SIGNAL_END_SCAN,
  SIGNAL_LOOK_AGAIN,
  taskQueue,
  WORKFLOW,
  type PruneInput,
  type Settings,
} from '../workflows/messages.js';

/** What the workflows are told of the configuration. */
export function settingsOf(config: Config): Settings {
  const { name, scanPeriod, maxConcurrentReleases } = config;
  return { name, scanPeriod, maxConcurrentReleases };
}

/** A scan that hangs would stop all others under SKIP: this ends it. */
const RUN_TIMEOUT = '15 minutes';
/** After an outage one scan sees everything; there is no need to make up for those that were missed. */
const CATCHUP_WINDOW = '10 seconds';
const PRUNE_RUN_TIMEOUT = '24 hours';
const PRUNE_CATCHUP_WINDOW = '1 hour';

type Options = Omit<ScheduleOptions, 'scheduleId'>;

function scanOptions(config: Config): Options {
  const period = Math.max(1000, config.scanPeriod);
  return {
    spec: { intervals: [{ every: period }] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW.scan,
      workflowId: scanWorkflowId(config.name),
      taskQueue: taskQueue(config.name, 'monitor'),
      args: [settingsOf(config)],
      workflowRunTimeout: RUN_TIMEOUT,
      staticSummary: `Looks every ${formatDuration(period)} for directories to release`,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW },
  };
}

function pruneOptions({ name }: Config, every: number): Options {
  const input: PruneInput = { name };
  return {
    spec: { intervals: [{ every }] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW.prune,
      workflowId: pruneWorkflowId(name),
      taskQueue: taskQueue(name, 'monitor'),
      args: [input],
      workflowRunTimeout: PRUNE_RUN_TIMEOUT,
      staticSummary: `Removes every ${formatDuration(every)} what is superseded`,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: PRUNE_CATCHUP_WINDOW },
  };
}

function handleOf(client: Client, config: Config): ScheduleHandle {
  return client.schedule.getHandle(scanScheduleId(config.name));
}

/** Of the schedule that prunes: it is there where the configuration says `prune_every`. */
function pruneHandleOf(client: Client, config: Config): ScheduleHandle {
  return client.schedule.getHandle(pruneScheduleId(config.name));
}

/**
 * Makes the scan schedule, or brings it up to the configuration; a pause that an operator has set stays. The same for
 * the one that prunes, which is removed where the configuration does not ask for it.
 */
export async function applySchedule(client: Client, config: Config): Promise<'created' | 'updated'> {
  if (config.pruneEvery === undefined) await ifPresent(() => pruneHandleOf(client, config).delete());
  else await applyOne(client, pruneScheduleId(config.name), pruneOptions(config, config.pruneEvery));
  return applyOne(client, scanScheduleId(config.name), scanOptions(config));
}

async function applyOne(
  client: Client,
  scheduleId: string,
  options: Options,
): Promise<'created' | 'updated'> {
  try {
    await client.schedule.create({ ...options, scheduleId });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await client.schedule.getHandle(scheduleId).update((previous) => ({ ...options, state: previous.state }));
  return 'updated';
}

/**
 * Starts no further scan or prune, and has the scan that runs begin nothing more.
 * @returns false where there is no schedule; pausing a paused one is fine.
 */
export async function pauseSchedule(client: Client, config: Config, note: string): Promise<boolean> {
  await ifPresent(() => pruneHandleOf(client, config).pause(note));
  if (!(await ifPresent(() => handleOf(client, config).pause(note)))) return false;
  const schedule = await describeSchedule(client, config);
  if (schedule) await signalScan(client, schedule, SIGNAL_END_SCAN);
  return true;
}

/** @returns false where no scan runs, or it has just ended by itself. */
async function signalScan(client: Client, { info }: ScheduleDescription, signal: string): Promise<boolean> {
  const [running] = info.runningActions;
  if (running === undefined) return false;
  try {
    await client.workflow.getHandle(running.workflow.workflowId).signal(signal);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export async function resumeSchedule(client: Client, config: Config): Promise<boolean> {
  await ifPresent(() => pruneHandleOf(client, config).unpause('Resumed with tufline'));
  return ifPresent(() => handleOf(client, config).unpause('Resumed with tufline'));
}

/**
 * Starts a scan now, also while the schedule is paused; where one runs, has that look again: it may have looked just
 * before what is to be seen now.
 * @returns false where there is no schedule.
 */
export async function triggerSchedule(client: Client, config: Config): Promise<boolean> {
  const schedule = await describeSchedule(client, config);
  return schedule !== undefined && wake(client, config, schedule);
}

/** As {@link triggerSchedule}, but what an operator has paused stays paused: for those who only want not to wait. */
export async function wakeSchedule(client: Client, config: Config): Promise<boolean> {
  const schedule = await describeSchedule(client, config);
  return schedule !== undefined && !schedule.state.paused && wake(client, config, schedule);
}

async function wake(client: Client, config: Config, schedule: ScheduleDescription): Promise<boolean> {
  const { paused } = schedule.state;
  if (!paused && (await signalScan(client, schedule, SIGNAL_LOOK_AGAIN))) return true;
  // One that still runs in a pause begins nothing more. Without a pause nothing is left for after the running scan: a
  // pause would not hold it back.
  const overlap = paused ? ScheduleOverlapPolicy.BUFFER_ONE : ScheduleOverlapPolicy.SKIP;
  return ifPresent(() => handleOf(client, config).trigger(overlap));
}

export async function deleteSchedule(client: Client, config: Config): Promise<boolean> {
  await ifPresent(() => pruneHandleOf(client, config).delete());
  return ifPresent(() => handleOf(client, config).delete());
}

/** How the schedule stands, or undefined where there is none. */
export async function describeSchedule(
  client: Client,
  config: Config,
): Promise<ScheduleDescription | undefined> {
  try {
    return await handleOf(client, config).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

async function ifPresent(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
