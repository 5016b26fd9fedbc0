import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { condition, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { refreshWorkflowId, type RefreshInput, type Settings } from './messages.js';
import { refresh } from './refresh.js';

export interface DueRole {
  readonly role: RefreshInput['from'];
  readonly why: RefreshInput['why'];
}

/**
 * Has roles signed anew, unless that is being done.
 *
 * @param patience milliseconds to wait for it. It is usually done at once; where a worker is away, ready directories
 *   shall not wait for it.
 */
export async function renew(settings: Settings, { role, why }: DueRole, patience: number): Promise<void> {
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
    let isDone = false;
    const done = (): void => void (isDone = true);
    void child.result().then(done, done);
    if (patience > 0) await condition(() => isDone, patience);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
