import { asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { ActivityCancellationDetails, noopMetricMeter, type Logger } from '@temporalio/common';

/** Activities of one role, by name. */
export type Activities = Readonly<Record<string, (...parameters: never[]) => Promise<unknown>>>;

const silent: Logger = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Runs an activity function in the context that it asks for, without a worker, a server, or the native part of
 * the SDK: what is left is the code of the activity and its calls to the file system.
 */
export function runBare(activities: Activities, name: string, input: unknown): Promise<unknown> {
  const activity = activities[name] as ((input: unknown) => Promise<unknown>) | undefined;
  if (!activity) throw new Error(`there is no activity ${name}`);
  const { signal } = new AbortController();
  const never = new Promise<never>(() => undefined);
  // The steps read nothing of it but when they were scheduled first.
  const info = { activityType: name, attempt: 1, scheduledTimestampMs: Date.now() } as unknown as Info;
  const context = new Context(
    info,
    never,
    signal,
    () => undefined,
    undefined,
    silent,
    noopMetricMeter,
    new ActivityCancellationDetails({}) as never,
  );
  return asyncLocalStorage.run(context, () => activity(input));
}
