import type { Client } from '@temporalio/client';

/** Milliseconds of one step: how long until a worker had it, and how long the worker took. */
export interface StepTime {
  readonly step: string;
  readonly wait: number;
  readonly work: number;
}

/** Where the time of a finished release went, from its history. */
export async function stepTimes(client: Client, workflowId: string): Promise<StepTime[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const at = (index: number): number => {
    const { seconds, nanos } = events?.[index]?.eventTime ?? {};
    return Number(String(seconds ?? 0)) * 1000 + (nanos ?? 0) / 1e6;
  };
  const times: StepTime[] = [];
  events?.forEach((event, index) => {
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed) return;
    const scheduled = Number(completed.scheduledEventId) - 1;
    const started = Number(completed.startedEventId) - 1;
    const step = events[scheduled]?.activityTaskScheduledEventAttributes?.activityId ?? '?';
    times.push({ step, wait: at(started) - at(scheduled), work: at(index) - at(started) });
  });
  return times;
}
