import { basename } from 'node:path';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { follow } from '../follow.js';

interface PostArguments extends CommonOptions {
  readonly as: readonly string[];
  readonly wait?: boolean;
  readonly timestamp?: string;
}

export function addPost(program: Command): void {
  const command = program
    .command('post')
    .summary('hand files over as one release')
    .description(
      `Hands files over as one release: they become visible to clients together. Prints the name of the directory. A target's path is
the name of its file, or what --as says: once for each file, in the same order, or once with a slash at its end for all.`,
    )
    .argument('<FILE...>', 'files to release')
    .option(
      '--as <PATH>',
      'target path of a file (vendor/name-1.0.zip), or directory of all (vendor/)',
      collect,
      [],
    )
    .option('--timestamp <TIMESTAMP>', 'name of the release (default: the time of now)')
    .option('--wait', 'follow the release to its end: exit code 0 published, 1 failed');
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline post out/app-1.0.zip out/app.json --as vendor/ --wait')
    .action(post);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

async function post(paths: readonly string[], options: PostArguments): Promise<void> {
  const { permanent } = await import('../../errors/index.js');
  const { directoryName, postRelease } = await import('../../handover/index.js');
  const { openRepository, publishedState, targetsVersion } = await import('../../repository/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const files = await targetPaths(paths, options.as);
  const config = await loadConfig();
  const repository = openRepository(config);
  const at = new Date();
  const commitsBefore = options.wait ? (await publishedState(repository, 1)).commits : 0;
  const progress = output.progress('posting');
  progress.total(await totalSize(paths));
  const timestamp = await postRelease({
    postToTufPath: config.postToTufPath,
    files,
    ...(options.timestamp === undefined ? {} : { timestamp: options.timestamp }),
    onBytes: (bytes) => {
      progress.add(bytes);
    },
  }).finally(() => {
    progress.stop();
  });
  const directory = directoryName('ready', timestamp);
  await wakeScan();
  if (!options.wait) {
    output.result({ timestamp, directory }, () => directory);
    return;
  }
  if (!options.json) process.stdout.write(`${directory}\n`);
  const release = { timestamp, commitsBefore, at };
  const outcome = await follow({ config, environment, repository, release, output });
  if (outcome.state === 'failed') {
    const { failure } = outcome;
    if (options.json)
      output.result({ timestamp, outcome: 'failed', directory: outcome.directory, failure }, () => '');
    throw permanent(
      failure.code,
      `${failure.message} The files are in ${outcome.directory}.`,
      failure.remedy,
    );
  }
  const { number } = outcome.record;
  const version = await targetsVersion(repository, outcome.record);
  const took = (Date.now() - at.getTime()) / 1000;
  output.result(
    { timestamp, outcome: 'published', commit: number, targets_version: version, seconds: took },
    () =>
      `published in ${took.toFixed(1)} s: ${String(files.length)} ${files.length === 1 ? 'target' : 'targets'}, commit ${String(number)}, targets version ${String(version)}`,
  );

  /** So that nobody waits for the next tick; without a server the release simply lies ready. */
  async function wakeScan(): Promise<void> {
    const { connectClient, findTemporal, wakeSchedule } = await import('../../temporal/index.js');
    try {
      if (!(await findTemporal(config, environment))) return;
      const { client, close } = await connectClient(config, environment);
      await wakeSchedule(client, config).finally(close);
    } catch {
      // The schedule's next tick finds it.
    }
  }
}

async function targetPaths(paths: readonly string[], as: readonly string[]) {
  const { usage } = await import('../../errors/index.js');
  const [only] = as;
  if (only === undefined) return paths.map((from) => ({ from, as: basename(from) }));
  if (as.length === 1 && only.endsWith('/'))
    return paths.map((from) => ({ from, as: `${only}${basename(from)}` }));
  if (as.length !== paths.length) {
    throw usage(
      'post-as',
      `There are ${String(paths.length)} files and ${String(as.length)} --as.`,
      'Give --as once for each file, or once with a slash at its end.',
    );
  }
  return paths.map((from, index) => ({ from, as: as[index] ?? basename(from) }));
}

async function totalSize(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map(async (path) => (await stat(path).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
