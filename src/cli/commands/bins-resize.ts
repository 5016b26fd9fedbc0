import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import type { Config, HashBinsStyle } from '../../config/index.js';
import type { ResizeStep, RunningResize } from '../../temporal/index.js';
import { contextOf, onInstance, parseCount, type CommonOptions } from '../command.js';
import type { Output } from '../output.js';

interface ResizeArguments extends CommonOptions {
  readonly style?: HashBinsStyle;
  readonly wait: boolean;
}

interface Layout {
  readonly count: number;
  readonly style: HashBinsStyle;
}

export function addResize(bins: Command): void {
  const command = bins
    .command('resize')
    .summary('spread the targets over another number of bins')
    .description(
      `Spreads the targets of a live repository over COUNT hash bins, a power of two; 0 lists them all in one file. Releases go on
meanwhile, and clients see the new layout all at once. May be interrupted at any point, the command and the workers: run it again,
and it goes on. Afterwards hash_bins in tufline.yaml says the same. Needs the workers, with the keys of targets and of bins.`,
    )
    .argument('<COUNT>', 'number of bins, for example 1024', parseCount)
    .addOption(
      new Option(
        '--style <STYLE>',
        'how clients find the bin of a target (default: as it is, or as hash_bins.style says)',
      ).choices(['path_hash_prefixes', 'succinct']),
    )
    .option('--no-wait', 'only start it; run it again to follow it');
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline bins resize 1024')
    .exitOverride()
    .action(resize);
}

async function resize(count: number, { wait, ...options }: ResizeArguments): Promise<void> {
  const { checkBinCount } = await import('../../instance/index.js');
  const { openRepository, publishedState } = await import('../../repository/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  checkBinCount(count);
  const config = await loadConfig();
  const { hashBins } = await publishedState(openRepository(config), 1);
  const to: Layout = { count, style: options.style ?? hashBins?.style ?? config.hashBins.style };
  const isThere = (hashBins?.count ?? 0) === count && (count === 0 || hashBins?.style === to.style);
  if (isThere) {
    const settings = await writeSettings(config, to);
    output.result({ outcome: 'there', ...to, settings }, () =>
      [`The targets are spread over ${inWords(to)} already.`, ...aboutSettings(settings, to)].join('\n'),
    );
    return;
  }
  const { connectClient, startResize } = await import('../../temporal/index.js');
  const { client, close } = await connectClient(config, environment);
  try {
    const running = await startResize(client, config, to);
    const { workflowId } = running;
    if (!wait) {
      output.result(
        { outcome: 'started', ...to, workflowId },
        () =>
          `${workflowId} spreads the targets over ${inWords(to)}. Run the same command without --no-wait to follow it and to have tufline.yaml changed.`,
      );
      return;
    }
    const began = Date.now();
    const done = await followed(running, output);
    const seconds = (Date.now() - began) / 1000;
    const settings = await writeSettings(config, to);
    const { commit, targets, targetsVersion: version, timestampVersion } = done;
    output.result(
      {
        outcome: 'resized',
        ...to,
        commit,
        targets,
        targets_version: version,
        timestamp_version: timestampVersion,
        seconds,
        settings,
      },
      () =>
        [
          `${String(targets)} targets are spread over ${inWords(to)}, visible since timestamp version ${String(timestampVersion)} (${seconds.toFixed(1)} s, commit ${String(commit)}).`,
          ...aboutSettings(settings, to),
        ].join('\n'),
    );
  } finally {
    await close();
  }
}

const LOOK_EVERY = 500;

async function followed({ result, step, workflowId }: RunningResize, output: Output) {
  let isDone = false;
  const follow = async (): Promise<void> => {
    let shown = '';
    let first: { readonly at: number; readonly files: number } | undefined;
    while (!isDone) {
      const pending = await step().catch(() => undefined);
      if (pending?.progress) first ??= { at: Date.now(), files: pending.progress.files };
      const line = pending ? `${pending.name}${progressInWords(pending, first)}` : '';
      if (line !== '' && line !== shown) output.status((shown = line));
      await sleep(LOOK_EVERY);
    }
  };
  const following = follow();
  try {
    return await result();
  } catch (error) {
    throw await explained(error, workflowId);
  } finally {
    isDone = true;
    await following;
    output.endStatus();
  }
}

function progressInWords(
  { attempt, failure, progress }: ResizeStep,
  first: { readonly at: number; readonly files: number } | undefined,
): string {
  if (failure !== undefined && attempt > 1) return `, attempt ${String(attempt)}: ${failure}`;
  if (!progress?.totalFiles || !first) return '';
  const { files, totalFiles } = progress;
  const rate = (files - first.files) / (Date.now() - first.at);
  const left = rate > 0 ? Math.ceil((totalFiles - files) / rate / 1000) : undefined;
  const time = left === undefined || files === totalFiles ? '' : `, about ${String(left)} s left`;
  return `: ${String(files)} of ${String(totalFiles)} files${time}`;
}

/** The sentence of the step that failed, where there is one. */
async function explained(error: unknown, workflowId: string): Promise<unknown> {
  const { permanent } = await import('../../errors/index.js');
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  const code =
    cause instanceof Error && 'type' in cause && typeof cause.type === 'string' ? cause.type : 'resize-ended';
  return permanent(
    code,
    `The workflow ${workflowId} has ended without it: ${why.replace(/\.$/, '')}.`,
    'Nothing has changed for clients. Run this again: it goes on with what was done.',
  );
}

type Settings = 'written' | 'as they were' | 'not written';

/** That the file cannot be written is no reason to call the resize failed. */
async function writeSettings(config: Config, to: Layout): Promise<Settings> {
  const { setHashBins } = await import('../../instance/index.js');
  try {
    return (await setHashBins(config.file, to)) ? 'written' : 'as they were';
  } catch {
    return 'not written';
  }
}

function aboutSettings(settings: Settings, { count, style }: Layout): string[] {
  const keys = `hash_bins.count: ${String(count)}${count === 0 ? '' : ` and hash_bins.style: ${style}`}`;
  if (settings === 'written') return [`tufline.yaml has ${keys} now.`];
  return settings === 'as they were'
    ? []
    : [`tufline.yaml could not be written: set ${keys} in it, so that it says what is.`];
}

function inWords({ count, style }: Layout): string {
  return count === 0 ? 'one file' : `${String(count)} bins (${style})`;
}
