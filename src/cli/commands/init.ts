import { relative } from 'node:path';
import { Option, type Command } from 'commander';
import type { HashBinsStyle } from '../../config/index.js';
import { contextOf, parseCount } from '../command.js';

interface InitArguments {
  readonly name?: string;
  readonly encrypt?: boolean;
  readonly hashBins?: number;
  readonly style?: HashBinsStyle;
  readonly json?: boolean;
}

export function addInit(program: Command): void {
  program
    .command('init')
    .summary('make a working instance: configuration, keys, signed metadata')
    .description(
      'Makes a working instance in DIR: configuration, one key for each role, and signed metadata. Never overwrites one.',
    )
    .argument('[DIR]', 'directory of the instance; made if it is not there', '.')
    .option(
      '--name <NAME>',
      'name of the repository: prefix of workflow ids and task queues (default: tufline)',
    )
    .option(
      '--hash-bins <COUNT>',
      'spread targets over so many metadata files, a power of two ("tufline bins advise" helps); default 0: one file',
      parseCount,
    )
    .addOption(
      new Option('--style <STYLE>', 'how clients find the bin of a target').choices([
        'path_hash_prefixes',
        'succinct',
      ]),
    )
    .option('--encrypt', 'encrypt the private keys with the passphrase in TUFLINE_PASSPHRASE')
    .option('--json', 'print one JSON document instead of text')
    .option('--debug', 'print stack traces of errors')
    .addHelpText('after', '\nExample:\n  tufline init my-repository')
    .action(init);
}

async function init(directory: string, options: InitArguments): Promise<void> {
  const { usage } = await import('../../errors/index.js');
  const { initInstance, PASSPHRASE_VARIABLE, rootKeyNotice } = await import('../../instance/index.js');
  const { environment, output } = contextOf({ config: '', ...options });
  const passphrase = options.encrypt ? environment[PASSPHRASE_VARIABLE] : undefined;
  if (options.encrypt && !passphrase) {
    throw usage(
      'passphrase',
      `--encrypt wants a passphrase in ${PASSPHRASE_VARIABLE}.`,
      'Set it, and set it for the workers too.',
    );
  }
  const { name, hashBins, style } = options;
  const progress = output.progress('making', (count) => `${String(count)} bins`);
  progress.total(hashBins ?? 0);
  const made = await initInstance(directory, {
    ...(name === undefined ? {} : { name }),
    ...(passphrase ? { passphrase } : {}),
    ...(hashBins === undefined ? {} : { hashBins }),
    ...(style === undefined ? {} : { style }),
    ...(hashBins
      ? {
          onBin: (file: string) => {
            progress.add(1, file);
          },
        }
      : {}),
  }).finally(() => {
    progress.stop();
  });
  const { config, keys } = made;
  output.result({ directory: config.directory, config: config.file, keys }, () =>
    [
      `A tufline instance is ready in ${config.directory}.`,
      '',
      `  Clients start from ${relative(process.cwd(), `${config.repositoryPath}/metadata/1.root.json`)}: hand it out with them.`,
      `  ${rootKeyNotice(made)}`,
      '',
      'Next:',
      ...(directory === '.' ? [] : [`  cd ${directory}`]),
      '  npx tufline dev                        # Temporal server, UI and workers, until Ctrl-C',
      '  npx tufline post FILE… --wait          # in another terminal',
    ].join('\n'),
  );
}
