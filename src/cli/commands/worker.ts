import { Argument, type Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { endOnSignals } from '../signals.js';

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .summary('run the workers of these roles, for production')
    .description(
      `Runs the workers of these roles until it is asked to end (SIGTERM lets running steps finish). Each role asks its own task
queue only and opens its own keys only: run each as a user of its own. The monitor holds no key and runs the workflows.`,
    )
    .addArgument(new Argument('<ROLE...>', 'monitor, targets, snapshot or timestamp'));
  onInstance(command)
    .addHelpText(
      'after',
      '\nExample:\n  TEMPORAL_ADDRESS=temporal:7233 tufline worker targets --config /etc/tufline/tufline.yaml',
    )
    .action(worker);
}

async function worker(names: readonly string[], options: CommonOptions): Promise<void> {
  const signal = endOnSignals();
  const { usage } = await import('../../errors/index.js');
  const { WORKER_ROLES } = await import('../../config/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const roles = names.map((name) => {
    const role = WORKER_ROLES.find((candidate) => candidate === name);
    if (role) return role;
    throw usage(
      'worker-role',
      `"${name}" is no role of a worker.`,
      `Name one or more of ${WORKER_ROLES.join(', ')}.`,
    );
  });
  const { runWorkers } = await import('../../workers/index.js');
  await runWorkers(config, [...new Set(roles)], {
    environment,
    signal,
    log: (line) => {
      output.note(line);
    },
    onReady: () => {
      if (process.send) process.send('ready');
      else process.stdout.write(`ready: ${roles.join(', ')} of ${config.name}\n`);
    },
  });
  // The channel to the parent would keep this process alive.
  if (process.connected) process.disconnect();
}
