import type { Command } from 'commander';
import { contextOf } from '../command.js';
import { prettyBytes } from '../output.js';

interface PackageArguments {
  readonly name: string;
  // Commander calls the option --version, which is its own property of the program only.
  readonly version: string;
  readonly out: string;
  readonly from?: string;
  readonly store?: boolean;
  readonly json?: boolean;
}

export function addPackage(program: Command): void {
  program
    .command('package')
    .summary('build a reproducible zip of a directory, and its metadata')
    .description(
      `Packs DIR into <NAME>-<VERSION>.zip and lists it in <NAME>.json with size and SHA-256, beside every version so far. The same
input gives the same bytes, on every machine. The list continues the one of --from, else the one that lies in --out.`,
    )
    .argument('<DIR>', 'directory to pack')
    .requiredOption('--name <NAME>', 'name of the package; one slash makes a directory (vendor/name)')
    .requiredOption('--version <VERSION>', 'its version')
    .requiredOption('--out <DIR>', 'where the two files go')
    .option('--from <FILE|URL>', 'the published list of the versions so far')
    .option('--store', 'do not compress: same bytes whatever zlib the machine has')
    .option('--json', 'print one JSON document instead of text')
    .option('--debug', 'print stack traces of errors')
    .addHelpText('after', '\nExample:\n  tufline package build/app --name app --version 1.0 --out out')
    .action(pack);
}

async function pack(directory: string, options: PackageArguments): Promise<void> {
  const { buildPackage } = await import('../../packaging/index.js');
  const { output } = contextOf({ config: '', ...options });
  const progress = output.progress('packing');
  let done = 0;
  const result = await buildPackage({
    directory,
    name: options.name,
    version: options.version,
    out: options.out,
    ...(options.from === undefined ? {} : { from: options.from }),
    compress: !options.store,
    onProgress: ({ bytes, totalBytes, doing }) => {
      progress.total(totalBytes);
      progress.add(bytes - done, doing);
      done = bytes;
    },
  }).finally(() => {
    progress.stop();
  });
  const { zip, list, files, created } = result;
  output.result(result, () =>
    [
      `${zip.path}: ${String(files)} files, ${prettyBytes(zip.size)}${created ? '' : ' (was there, with the same bytes)'}`,
      `${list.path}: ${String(list.versions)} ${list.versions === 1 ? 'version' : 'versions'}`,
      '',
      `Release both: tufline post ${zip.path} ${list.path} --as ${zip.as} --as ${list.as} --wait`,
    ].join('\n'),
  );
}
