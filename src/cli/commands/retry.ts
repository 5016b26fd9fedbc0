import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';

interface RetryArguments extends CommonOptions {
  readonly force?: boolean;
}

export function addRetry(program: Command): void {
  const command = program
    .command('retry')
    .summary('release a failed directory again, or try a stuck step now')
    .description(
      `Makes the failed release TIMESTAMP ready again (its error file is removed). Of a release that runs, the step that waits for
its next attempt is tried now.`,
    )
    .argument('<TIMESTAMP>', 'of the release, as in tuf_failed_<TIMESTAMP>')
    .option('--force', 'let it put older bytes over targets that a later release has written');
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline retry 20261124T081407.123Z-4f2a')
    .action(retry);
}

async function retry(timestamp: string, options: RetryArguments): Promise<void> {
  const { usage } = await import('../../errors/index.js');
  const { retryFailed } = await import('../../handover/index.js');
  const { connectClient, findTemporal, retryNow, wakeSchedule } = await import('../../temporal/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const hasTemporal = (await findTemporal(config, environment)) !== undefined;
  const bare = timestamp.replace(/^tuf_(failed|processing)_/, '');
  const ready = await retryFailed({
    postToTufPath: config.postToTufPath,
    timestamp: bare,
    force: options.force ?? false,
  });
  if (ready !== undefined) {
    if (hasTemporal) await withClient((client) => wakeSchedule(client, config)).catch(() => false);
    output.result(
      { timestamp: bare, outcome: 'ready', directory: ready },
      () => `${ready} is ready again; the next scan releases it.`,
    );
    return;
  }
  const { WorkflowNotFoundError } = await import('@temporalio/client');
  const steps = hasTemporal
    ? await withClient((client) => retryNow(client, config, bare)).catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      })
    : undefined;
  if (steps === undefined) {
    throw usage(
      'no-such-release',
      `There is no tuf_failed_${bare}, and no release ${bare} runs.`,
      '"tufline status" lists what has failed and what runs.',
    );
  }
  output.result(
    { timestamp: bare, outcome: steps.length === 0 ? 'nothing pending' : 'tried now', steps },
    () =>
      steps.length === 0
        ? `The release ${bare} has no step that waits.`
        : `The release ${bare} tries ${steps.join(', ')} now.`,
  );

  async function withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const { client, close } = await connectClient(config, environment);
    try {
      return await use(client);
    } finally {
      await close();
    }
  }
}
