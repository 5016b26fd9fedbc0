import type { Client } from '@temporalio/client';
import type { Config } from '../config/index.js';
import {
  pruneWorkflowId,
  taskQueue,
  WORKFLOW,
  type PruneInput,
  type PruneOutcome,
} from '../workflows/messages.js';

/** A prune that was started, or that runs already. */
export interface RunningPrune {
  readonly workflowId: string;
  readonly result: Promise<PruneOutcome>;
  /** What it is at, with why the last attempt failed; undefined between two steps. */
  readonly step: () => Promise<
    { readonly name: string; readonly attempt: number; readonly failure?: string } | undefined
  >;
}

/** Starts the pruning of an instance, or joins the one that runs. @param olderThan milliseconds. */
export async function startPrune(
  client: Client,
  config: Config,
  olderThan: number | undefined,
): Promise<RunningPrune> {
  const input: PruneInput = { name: config.name, ...(olderThan === undefined ? {} : { olderThan }) };
  const workflowId = pruneWorkflowId(config.name);
  const handle = await client.workflow.start<(input: PruneInput) => Promise<PruneOutcome>>(WORKFLOW.prune, {
    workflowId,
    taskQueue: taskQueue(config.name, 'monitor'),
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'Removes what is superseded and no client asks for any more',
  });
  return {
    workflowId,
    result: handle.result(),
    step: async () => {
      const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
      if (!pending) return undefined;
      const failure = pending.lastFailure?.message;
      return {
        name: pending.activityId ?? '',
        attempt: pending.attempt ?? 1,
        ...(failure ? { failure } : {}),
      };
    },
  };
}
