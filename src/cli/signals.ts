/**
 * A signal that is aborted when the process is asked to end. However often it is asked, also to the whole group:
 * what drains is left to drain.
 */
export function endOnSignals(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => {
    controller.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  // The parent of a worker process has ended, however it ended.
  if (process.send) process.once('disconnect', end);
  return controller.signal;
}
