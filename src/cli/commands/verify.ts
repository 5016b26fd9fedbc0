import type { Command } from 'commander';
import { colours, prettyBytes } from '../output.js';
import { contextOf, onInstance, type CommonOptions } from '../command.js';

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .summary('audit the whole repository')
    .description(
      `Audits the whole repository: the chain of roots, signatures and thresholds, versions and expiries, records against metadata, and
the length and hash of every target file. Changes nothing. Exit code 1 and a list of findings if anything is off.`,
    );
  command.option('--metadata-only', 'look at no target file: quick, also with millions of targets');
  onInstance(command, { json: true }).action(verify);
}

async function verify({
  metadataOnly = false,
  ...options
}: CommonOptions & { readonly metadataOnly?: boolean }): Promise<void> {
  const { openRepository, verifyRepository } = await import('../../repository/index.js');
  const { output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const repository = openRepository(config);
  const progress = output.progress('verifying');
  let targets = 0;
  let bytes = 0;
  const findings = await verifyRepository(repository, {
    metadataOnly,
    onFile: (path, length) => {
      targets++;
      bytes += length;
      progress.add(length, path);
    },
  }).finally(() => {
    progress.stop();
  });
  output.result({ targets, bytes, findings }, () =>
    findings.length === 0
      ? `${colours.green('all good')}: ${String(targets)} ${targets === 1 ? 'target' : 'targets'}, ${metadataOnly ? 'metadata only, and every signature and version' : `${prettyBytes(bytes)}, and every signature, version, length and hash`} as it should be.`
      : [
          ...findings.map(({ code, message }) => `${colours.red(code)}: ${message}`),
          '',
          `${String(findings.length)} ${findings.length === 1 ? 'finding' : 'findings'} in ${config.repositoryPath}. docs/operating.md says how to restore what is damaged.`,
        ].join('\n'),
  );
  if (findings.length > 0) process.exitCode = 1;
}
