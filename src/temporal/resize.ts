import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Config } from '../config/index.js';
import { usage } from '../errors/index.js';
import {
  resizeWorkflowId,
  taskQueue,
  WORKFLOW,
  type Progress,
  type ResizeInput,
  type ResizeRequest,
  type ResizeResult,
} from '../workflows/messages.js';

/** A resize that was started, or that runs already. */
export interface RunningResize {
  readonly workflowId: string;
  readonly result: () => Promise<ResizeResult>;
  /** What it is at; undefined between two steps. */
  readonly step: () => Promise<ResizeStep | undefined>;
}

export interface ResizeStep {
  readonly name: string;
  readonly attempt: number;
  /** Why the last attempt failed: a sentence. */
  readonly failure?: string;
  readonly progress?: Progress;
}

/**
 * Starts a resize of an instance, or joins the one that runs.
 * @throws usage `resize-running` where that one has another aim.
 */
export async function startResize(
  client: Client,
  config: Config,
  request: ResizeRequest,
): Promise<RunningResize> {
  const input: ResizeInput = { name: config.name, ...request };
  const aim = `${String(request.count)} ${request.style}`;
  const workflowId = resizeWorkflowId(config.name);
  const handle = await client.workflow.start<(input: ResizeInput) => Promise<ResizeResult>>(WORKFLOW.resize, {
    workflowId,
    taskQueue: taskQueue(config.name, 'monitor'),
    args: [input],
    memo: { aim },
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Spreads the targets over ${request.count === 0 ? 'one file' : `${String(request.count)} bins (${request.style})`}`,
  });
  const running: unknown = (await handle.describe()).memo?.['aim'];
  if (typeof running === 'string' && running !== aim) {
    throw usage(
      'resize-running',
      `A resize to other bins runs already (${running}).`,
      `Wait for it, or cancel ${workflowId} in the Temporal UI, and run this again.`,
    );
  }
  return {
    workflowId,
    result: () => handle.result(),
    step: async () => {
      const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
      if (!pending) return undefined;
      const failure = pending.lastFailure?.message;
      const [payload] = pending.heartbeatDetails?.payloads ?? [];
      const progress = payload ? progressOf(defaultPayloadConverter.fromPayload(payload)) : undefined;
      return {
        name: pending.activityId ?? '',
        attempt: pending.attempt ?? 1,
        ...(failure ? { failure } : {}),
        ...(progress ? { progress } : {}),
      };
    },
  };
}

function progressOf(value: unknown): Progress | undefined {
  const isProgress =
    typeof value === 'object' && value !== null && 'files' in value && typeof value.files === 'number';
  return isProgress ? (value as Progress) : undefined;
}
