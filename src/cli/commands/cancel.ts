import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { follow } from '../follow.js';

export function addCancel(program: Command): void {
  const command = program
    .command('cancel')
    .summary('take a release back, if it is not committed yet')
    .description(
      `Cancels the release TIMESTAMP: its files go to tuf_failed_<TIMESTAMP> with the code "cancelled". Once its targets metadata is
committed it is too late, and it is published. Needs the Temporal server and the monitor and targets workers.`,
    )
    .argument('<TIMESTAMP>', 'of the release, as in tuf_processing_<TIMESTAMP>');
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline cancel 20261124T081407.123Z-4f2a')
    .action(cancel);
}

async function cancel(text: string, options: CommonOptions): Promise<void> {
  const timestamp = text.replace(/^tuf_(ready|processing)_/, '');
  const { usage, permanent } = await import('../../errors/index.js');
  const { openRepository, publishedState } = await import('../../repository/index.js');
  const { releaseOutcome } = await import('../../status/index.js');
  const { cancelRelease, connectClient } = await import('../../temporal/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const repository = openRepository(config);
  const { commits } = await publishedState(repository, 1);
  // One that is committed but not visible yet lies among the newest records.
  const release = { timestamp, commitsBefore: Math.max(0, commits - 100), at: new Date() };
  const before = await releaseOutcome(config, repository, release);
  if (before.state === 'gone' || before.state === 'failed') {
    throw usage(
      'no-such-release',
      `No release ${timestamp} is ready or being processed.`,
      '"tufline status" lists what there is.',
    );
  }
  if (before.state === 'published' || before.state === 'committed') throw tooLate();
  const { client, close } = await connectClient(config, environment);
  try {
    await cancelRelease(client, config, timestamp);
    const outcome = await follow({ config, environment, repository, release, output });
    if (outcome.state !== 'failed') throw tooLate();
    output.result({ timestamp, outcome: outcome.failure.code, directory: outcome.directory }, () =>
      outcome.failure.code === 'cancelled'
        ? `The release ${timestamp} is cancelled; its files are in ${outcome.directory}.`
        : `The release ${timestamp} had failed already: ${outcome.failure.message} Its files are in ${outcome.directory}.`,
    );
  } finally {
    await close();
  }

  function tooLate() {
    return permanent(
      'too-late',
      `The release ${timestamp} was committed before it could be cancelled.`,
      'Post a release that replaces its targets.',
    );
  }
}
