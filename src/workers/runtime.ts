import { DefaultLogger, Runtime, type LogLevel } from '@temporalio/worker';

let isInstalled = false;

/** The runtime is one per process; warnings and errors go to stderr. */
export function installRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  const write = (level: LogLevel, message: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${level.toLowerCase()} ${message}\n`);
  };
  Runtime.install({
    logger: new DefaultLogger('WARN', (entry) => {
      // Three of the four roles run no workflows, as it should be.
      if (entry.message.startsWith('No workflows registered')) return;
      write(entry.level, `${entry.message}${metaOf(entry.meta)}`);
    }),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}

function metaOf(meta: Record<string | symbol, unknown> | undefined): string {
  const { workflowId, activityType, attempt, error } = meta ?? {};
  const tried = typeof attempt === 'number' ? `attempt ${String(attempt)}` : undefined;
  const parts = [workflowId, activityType, tried];
  const text = parts.filter((part) => typeof part === 'string').join(' ');
  return `${text === '' ? '' : ` [${text}]`}${error instanceof Error ? `: ${error.message}` : ''}`;
}
