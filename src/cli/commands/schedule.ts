import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';

interface Action {
  readonly name: 'apply' | 'pause' | 'resume' | 'trigger' | 'delete';
  readonly does: string;
}

const ACTIONS: readonly Action[] = [
  { name: 'apply', does: 'make the schedule, or bring it up to the configuration; a pause stays' },
  { name: 'pause', does: 'look for nothing new; releases that run go on' },
  { name: 'resume', does: 'end a pause' },
  { name: 'trigger', does: 'look now instead of at the next tick' },
  { name: 'delete', does: 'remove the schedule; releases that run go on' },
];

export function addSchedule(program: Command): void {
  const schedule = program
    .command('schedule')
    .summary('apply, pause, resume, trigger or delete the scan schedule')
    .description(
      `Manages the schedule that looks for ready directories, and the one that prunes where prune_every is set. Each of these can be
repeated without harm.`,
    )
    .exitOverride();
  for (const { name, does } of ACTIONS) {
    const command = schedule
      .command(name)
      .description(`${does.charAt(0).toUpperCase()}${does.slice(1)}.`)
      .summary(does);
    if (name === 'pause') command.option('--note <TEXT>', 'why, for whoever looks', 'Paused with tufline');
    onInstance(command, { json: true })
      .exitOverride()
      .action((options: CommonOptions & { readonly note?: string }) => run(name, options));
  }
}

async function run(name: Action['name'], options: CommonOptions & { readonly note?: string }): Promise<void> {
  const temporal = await import('../../temporal/index.js');
  const { usage } = await import('../../errors/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const { client, close } = await temporal.connectClient(config, environment);
  try {
    const outcome = await act();
    output.result(
      { schedule: `${config.name}-scan`, outcome },
      () => `The schedule ${config.name}-scan is ${outcome}.`,
    );
  } finally {
    await close();
  }

  async function act(): Promise<string> {
    switch (name) {
      case 'apply': {
        const missing = await temporal.registerSearchAttributes(client);
        if (missing.length > 0)
          output.note(
            `These search attributes could not be registered: ${missing.join(', ')}. An administrator has to.`,
          );
        return temporal.applySchedule(client, config);
      }
      case 'pause':
        return present(await temporal.pauseSchedule(client, config, options.note ?? ''), 'paused');
      case 'resume':
        return present(await temporal.resumeSchedule(client, config), 'resumed');
      case 'trigger':
        return present(await temporal.triggerSchedule(client, config), 'triggered');
      case 'delete':
        return (await temporal.deleteSchedule(client, config)) ? 'deleted' : 'not there';
    }
  }

  function present(isThere: boolean, outcome: string): string {
    if (isThere) return outcome;
    throw usage(
      'no-schedule',
      `There is no schedule ${config.name}-scan.`,
      'Make it with "tufline schedule apply" (or run "tufline dev").',
    );
  }
}
