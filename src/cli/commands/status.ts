import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { renderStatus } from '../render-status.js';

interface StatusArguments extends CommonOptions {
  readonly check?: boolean;
}

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .summary('what is ready, processing and failed, what blocks, how the roles stand')
    .description(
      `Tells what is ready, processing and failed and since when, what blocks, and versions, expiries, keys and thresholds of each
role; with a Temporal server also schedule, workers and the steps that run. Works without a server. Changes nothing.`,
    )
    .option('--check', 'exit with 1 when something needs a person');
  onInstance(command, { json: true }).action(status);
}

async function status(options: StatusArguments): Promise<void> {
  const { collectStatus } = await import('../../status/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const found = await collectStatus(await loadConfig(), environment);
  output.result(found, () => renderStatus(found));
  if (options.check && found.attention.length > 0) process.exitCode = 1;
}
