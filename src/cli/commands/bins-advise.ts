import { Option, type Command } from 'commander';
import type { Config, HashBinsStyle } from '../../config/index.js';
import type { AdvisedChoice } from '../../repository/index.js';
import { contextOf, onInstance, parseCount, type CommonOptions } from '../command.js';
import { renderAdvice, type AdviceReport } from '../render-advice.js';

interface AdviseArguments extends CommonOptions {
  readonly targets?: number;
  readonly releasesPerDay: number;
  readonly filesPerRelease: number;
  readonly style?: HashBinsStyle;
}

export function addAdvise(bins: Command): void {
  const command = bins
    .command('advise')
    .summary('what each number of bins costs clients and the signer')
    .description(
      `Says what each number of bins costs: a client that wants one target, in bytes and requests of metadata, at its first visit and
when it was there a day or a week ago; the signer, for each release; and which clients can read it. Sizes of targets are taken from
the instance where there is one, else about 200 bytes each. Changes nothing.`,
    )
    .option('--targets <N>', 'number of targets (default: as many as the instance has)', parseCount)
    .option('--releases-per-day <R>', 'how often something is released', parseCount, 10)
    .option('--files-per-release <F>', 'targets that a release brings or replaces', parseCount, 2)
    .addOption(
      new Option('--style <STYLE>', 'style of the bins (default: hash_bins.style of the instance)').choices([
        'path_hash_prefixes',
        'succinct',
      ]),
    );
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline bins advise --targets 1000000 --releases-per-day 500')
    .exitOverride()
    .action(adviseCommand);
}

async function adviseCommand(options: AdviseArguments): Promise<void> {
  const { usage } = await import('../../errors/index.js');
  const { parseConfig } = await import('../../config/index.js');
  const { advise, AVERAGE_ENTRY } = await import('../../repository/index.js');
  const { output } = contextOf(options);
  const instance = await readInstance(options);
  const targets = options.targets ?? instance?.targets;
  if (!targets) {
    throw usage(
      'no-targets',
      'There are no targets yet to advise on.',
      'Say how many there will be: --targets 100000.',
    );
  }
  const { filesPerRelease, releasesPerDay } = options;
  const load = { targets, releasesPerDay, filesPerRelease: Math.max(1, filesPerRelease) };
  const entryBytes = instance?.entry ?? AVERAGE_ENTRY;
  const config = instance?.config ?? parseConfig('', '/tufline.yaml');
  const style = options.style ?? config.hashBins.style;
  const { choices, recommended } = advise(load, entryBytes, style, config.roles);
  const { count, snapshotEntries } = recommended;
  const sentence = inOneSentence(load, recommended);
  const report: AdviceReport = {
    assumptions: {
      ...load,
      entryBytes,
      entryBytesFrom: instance?.entry === undefined ? 'average' : 'instance',
    },
    choices: choices.map((choice) => ({ ...choice, readers: [...choice.readers] })),
    recommended: { count, style: recommended.style, snapshotEntries },
    sentence,
  };
  output.result(report, () => renderAdvice(report));
}

interface Instance {
  readonly config: Config;
  readonly targets: number;
  /** Bytes of a target in the metadata; undefined where there is none yet. */
  readonly entry: number | undefined;
}

/** Advice is wanted before there is an instance, too: where none was named and none is here, there is none. */
async function readInstance(options: AdviseArguments): Promise<Instance | undefined> {
  const { TuflineError } = await import('../../errors/index.js');
  const { measuredEntry, openRepository, publishedState } = await import('../../repository/index.js');
  const isNamed = options.config !== './tufline.yaml';
  let config: Config;
  try {
    config = await contextOf(options).loadConfig();
  } catch (error) {
    if (!isNamed && error instanceof TuflineError && error.code === 'config-missing') return undefined;
    throw error;
  }
  const repository = openRepository(config);
  const { targets } = await publishedState(repository, 1);
  return { config, targets, entry: await measuredEntry(repository) };
}

function inOneSentence(
  { targets, releasesPerDay }: { readonly targets: number; readonly releasesPerDay: number },
  { count, style, snapshotEntries, client, signer, readers }: AdvisedChoice,
): string {
  const what =
    count === 0
      ? 'no bins (hash_bins.count: 0)'
      : `${String(count)} bins (${style}, snapshot_entries: ${snapshotEntries})`;
  const not = readers.filter(({ reads }) => reads === 'no').map((reader) => reader.client);
  const without = not.length === 0 ? '' : `; ${not.join(' and ')} cannot read that`;
  const size = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
  return `For ${String(targets)} targets and ${String(releasesPerDay)} releases a day take ${what}: a client downloads ${size(client.firstContact.bytes)} of metadata at first and ${size(client.afterDay.bytes)} a day later, and a release is signed in about ${String(Math.round(signer.milliseconds))} ms${without}.`;
}
