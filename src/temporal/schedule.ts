import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Config } from '../config/index.js';
import { formatDuration } from '../config/index.js';
import { scanScheduleId, scanWorkflowId, taskQueue, WORKFLOW, type Settings } from '../workflows/messages.js';

/** What the workflows are told of the configuration. */
export function settingsOf(config: Config): Settings {
  const { name, scanPeriod, maxConcurrentReleases } = config;
  return { name, scanPeriod, maxConcurrentReleases };
}

/** A scan that hangs would stop all others under SKIP: this ends it. */
const RUN_TIMEOUT = '15 minutes';
/** After an outage one scan sees everything; there is no need to make up for those that were missed. */
const CATCHUP_WINDOW = '10 seconds';

function scheduleOptions(config: Config): Omit<ScheduleOptions, 'scheduleId'> {
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

function handleOf(client: Client, config: Config): ScheduleHandle {
  return client.schedule.getHandle(scanScheduleId(config.name));
}

/** Makes the scan schedule, or brings it up to the configuration; a pause that an operator has set stays. */
export async function applySchedule(client: Client, config: Config): Promise<'created' | 'updated'> {
  const options = scheduleOptions(config);
  try {
    await client.schedule.create({ ...options, scheduleId: scanScheduleId(config.name) });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await handleOf(client, config).update((previous) => ({ ...options, state: previous.state }));
  return 'updated';
}

/** @returns false where there is no schedule; pausing a paused one is fine. */
export async function pauseSchedule(client: Client, config: Config, note: string): Promise<boolean> {
  return ifPresent(() => handleOf(client, config).pause(note));
}

export async function resumeSchedule(client: Client, config: Config): Promise<boolean> {
  return ifPresent(() => handleOf(client, config).unpause('Resumed with tufline'));
}

/** Starts a scan now, unless one runs. */
export async function triggerSchedule(client: Client, config: Config): Promise<boolean> {
  return ifPresent(() => handleOf(client, config).trigger(ScheduleOverlapPolicy.SKIP));
}

/** As {@link triggerSchedule}, but what an operator has paused stays paused: for those who only want not to wait. */
export async function wakeSchedule(client: Client, config: Config): Promise<boolean> {
  const schedule = await describeSchedule(client, config);
  return schedule !== undefined && !schedule.state.paused && triggerSchedule(client, config);
}

export async function deleteSchedule(client: Client, config: Config): Promise<boolean> {
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
