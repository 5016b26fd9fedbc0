import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../../config/index.js';
import type { Pruned } from '../../repository/index.js';
import type { RunningPrune } from '../../temporal/index.js';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { prettyBytes, type Output } from '../output.js';

interface PruneArguments extends CommonOptions {
  readonly olderThan?: string;
  readonly dryRun?: boolean;
}

type ByRole = Readonly<Record<'timestamp' | 'snapshot' | 'targets', Pruned>>;

export function addPrune(program: Command): void {
  const command = program
    .command('prune')
    .summary('remove superseded metadata, replaced target files and old records')
    .description(
      `Removes superseded metadata versions, replaced target files and old records once they have been superseded for prune_after,
and never anything that a client with a valid timestamp may ask for. Each role's worker removes what it has written; the command
starts that, or joins what runs, and follows it to its end. Which releases were applied is never forgotten.`,
    )
    .option('--older-than <DURATION>', 'keep it longer than prune_after says, for example 90d')
    .option('--dry-run', 'only tell what would be removed; needs no Temporal server');
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline prune --older-than 90d --dry-run')
    .action(prune);
}

async function prune({ olderThan, dryRun = false, ...options }: PruneArguments): Promise<void> {
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const period = await periodOf(config, olderThan);
  if (dryRun) {
    report(output, dryRun, await tell(config, period));
    return;
  }
  const { connectClient, startPrune } = await import('../../temporal/index.js');
  const { client, close } = await connectClient(config, environment);
  try {
    const running = await startPrune(client, config, period);
    report(output, dryRun, await followed(running, output));
  } finally {
    await close();
  }
}

/** @throws usage `older-than` */
async function periodOf(config: Config, text: string | undefined): Promise<number | undefined> {
  if (text === undefined) return undefined;
  const { formatDuration, parseDuration } = await import('../../config/index.js');
  const { usage } = await import('../../errors/index.js');
  const period = parseDuration(text);
  if (period === undefined) {
    throw usage('older-than', `"${text}" is no duration.`, 'Write one such as 36h or 90d.');
  }
  if (period >= config.pruneAfter) return period;
  // What clients may rely on stands in the configuration; a command must not undercut it in passing.
  throw usage(
    'older-than',
    `--older-than may only lengthen prune_after, which is ${formatDuration(config.pruneAfter)}.`,
    'Give a longer one, or change prune_after in tufline.yaml and start the workers again.',
  );
}

async function tell(config: Config, olderThan: number | undefined): Promise<ByRole> {
  const { openRepository, pruneSnapshot, pruneTargets, pruneTimestamp } =
    await import('../../repository/index.js');
  const repository = openRepository(config);
  const options = { dryRun: true, ...(olderThan === undefined ? {} : { olderThan }) };
  return {
    timestamp: await pruneTimestamp(repository, options),
    snapshot: await pruneSnapshot(repository, options),
    targets: await pruneTargets(repository, options),
  };
}

const LOOK_EVERY = 500;

async function followed({ result, step, workflowId }: RunningPrune, output: Output): Promise<ByRole> {
  let isDone = false;
  let shown = '';
  const follow = async (): Promise<void> => {
    while (!isDone) {
      const pending = await step().catch(() => undefined);
      const trouble = pending?.failure === undefined || pending.attempt < 2 ? '' : `: ${pending.failure}`;
      const line = pending ? `${pending.name}${trouble}` : '';
      if (line !== '' && line !== shown) output.status((shown = line));
      await sleep(LOOK_EVERY);
    }
  };
  const following = follow();
  try {
    return await result;
  } catch (error) {
    const { permanent } = await import('../../errors/index.js');
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw permanent(
      'prune-ended',
      `The workflow ${workflowId} did not come to its end: ${cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)}.`,
      'Run this again: it goes on where it was.',
    );
  } finally {
    isDone = true;
    await following;
    output.endStatus();
  }
}

function report(output: Output, dryRun: boolean, roles: ByRole): void {
  const oldest = Object.values(roles).flatMap((pruned) => pruned.oldest ?? []);
  output.result({ dryRun, ...roles }, () => {
    const isNothing = Object.values(roles).every(
      ({ records, metadata, targets }) => records + metadata + targets === 0,
    );
    if (isNothing) return 'Nothing has been superseded for long enough to be removed.';
    const verb = dryRun ? 'would be removed' : 'removed';
    const lines = Object.entries(roles).map(([role, pruned]) => `${role}: ${inWords(pruned)}`);
    const since = oldest.length === 0 ? '' : `; the oldest of it is from ${oldest.sort()[0] ?? ''}`;
    return [`What is superseded ${verb}${since}.`, ...lines].join('\n');
  });
}

function inWords({ records, metadata, targets, bytes }: Pruned): string {
  return `${String(records)} records, ${String(metadata)} metadata files, ${String(targets)} target files, ${prettyBytes(bytes)}`;
}
