import { WorkflowNotFoundError, type Client, type WorkflowExecutionStatusName } from '@temporalio/client';
import type { Config } from '../config/index.js';
import {
  QUERY_STATE,
  releaseWorkflowId,
  RUNNING,
  STATE_OF_STEP,
  taskQueue,
  WORKFLOW,
  type ReleaseInput,
  type ReleaseStatus,
} from '../workflows/messages.js';
import { STATE } from '../workflows/search-attributes.js';
import { settingsOf } from './schedule.js';

/** How a release stands in Temporal. */
export interface ReleaseDescription {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: WorkflowExecutionStatusName;
  /** A `ReleaseState`; undefined between two steps. */
  readonly state: string | undefined;
  /** The step that is tried at this moment. */
  readonly step?: {
    readonly name: string;
    readonly attempt: number;
    /** Why the last attempt failed: a sentence. */
    readonly failure?: string;
    readonly heartbeat?: unknown;
  };
}

/** @returns undefined where Temporal knows no such release (any more). */
export async function describeRelease(
  client: Client,
  config: Config,
  timestamp: string,
): Promise<ReleaseDescription | undefined> {
  const workflowId = releaseWorkflowId(config.name, timestamp);
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    const [pending] = description.raw.pendingActivities ?? [];
    const listed = description.typedSearchAttributes.get(STATE);
    const working = Object.entries(STATE_OF_STEP).find(([step]) => step === pending?.activityId)?.[1];
    return {
      workflowId,
      runId: description.runId,
      status: description.status.name,
      state: listed === RUNNING ? working : listed,
      ...(pending
        ? {
            step: {
              name: pending.activityId ?? '',
              attempt: pending.attempt ?? 1,
              ...(pending.lastFailure?.message ? { failure: pending.lastFailure.message } : {}),
            },
          }
        : {}),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Asks a running release itself. */
export async function queryRelease(
  client: Client,
  config: Config,
  timestamp: string,
): Promise<ReleaseStatus> {
  return client.workflow
    .getHandle(releaseWorkflowId(config.name, timestamp))
    .query<ReleaseStatus>(QUERY_STATE);
}

/**
 * Cancels a release. For one that waits in `tuf_ready_*` a workflow is begun, which is told from the start that it is
 * cancelled: it cannot be through before the request comes. One that runs decides whether that comes in time (before
 * the commit).
 */
export async function cancelRelease(client: Client, config: Config, timestamp: string): Promise<void> {
  const input: ReleaseInput = { ...settingsOf(config), timestamp, cancelled: true };
  const handle = await client.workflow.start(WORKFLOW.release, {
    workflowId: releaseWorkflowId(config.name, timestamp),
    taskQueue: taskQueue(config.name, 'monitor'),
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: [{ key: STATE, value: RUNNING }],
    staticSummary: `Cancels the release ${timestamp}`,
  });
  await handle.cancel();
}

/**
 * Has the pending step of a running release tried now instead of after its back-off.
 * @returns the names of the steps; none where nothing is pending.
 */
export async function retryNow(client: Client, config: Config, timestamp: string): Promise<string[]> {
  const workflowId = releaseWorkflowId(config.name, timestamp);
  const { raw, runId } = await client.workflow.getHandle(workflowId).describe();
  const steps: string[] = [];
  for (const { activityId, activityType } of raw.pendingActivities ?? []) {
    const id = activityId ?? '';
    await client.workflowService.resetActivity({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      id,
      keepPaused: true,
    });
    steps.push(activityType?.name ?? id);
  }
  return steps;
}

/** Waits for the workflow of a release to end, however it ends. */
export async function awaitRelease(client: Client, config: Config, timestamp: string): Promise<void> {
  try {
    await client.workflow.getHandle(releaseWorkflowId(config.name, timestamp)).result();
  } catch {
    // Records and directories tell how it ended, not the workflow alone.
  }
}

/** The history of a workflow, or undefined where there is none of this id. */
export async function fetchHistory(client: Client, workflowId: string): Promise<object | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).fetchHistory();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
