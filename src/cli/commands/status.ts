import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { renderStatus } from '../render-status.js';

interface StatusArguments extends CommonOptions {
  readonly check?: boolean;
  readonly worker?: string;
}

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .summary('what is ready, processing and failed, what blocks, how the roles stand')
    .description(
      `Tells what is ready, processing and failed and since when, what blocks, and versions, expiries, keys and thresholds of each
role; with a Temporal server also schedule, workers and the steps that run. Works without a server. Changes nothing.`,
    )
    .option('--check', 'exit with 1 when something needs a person')
    .option(
      '--worker <ROLE>',
      'say only whether a worker of this role asks for work: exit with 1 if none does',
    );
  onInstance(command, { json: true }).action(status);
}

async function status(options: StatusArguments): Promise<void> {
  if (options.worker !== undefined) return checkWorker(options.worker, options);
  const { collectStatus } = await import('../../status/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const found = await collectStatus(await loadConfig(), environment);
  output.result(found, () => renderStatus(found));
  if (options.check && found.attention.length > 0) process.exitCode = 1;
}

/** For the health check of a container. */
async function checkWorker(role: string, options: CommonOptions): Promise<void> {
  const { connectClient, describePollers } = await import('../../temporal/index.js');
  const { usage } = await import('../../errors/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const { client, close } = await connectClient(config, environment);
  try {
    const pollers = await describePollers(client, config);
    const found = pollers.find((candidate) => candidate.role === role);
    if (!found) {
      const known = pollers.map((candidate) => candidate.role).join(', ');
      throw usage('worker-role', `"${role}" is no role of a worker.`, `Name one of ${known}.`);
    }
    output.result(found, () => `${role}: ${String(found.workers)} asking for work`);
    if (found.workers === 0) process.exitCode = 1;
  } finally {
    await close();
  }
}
