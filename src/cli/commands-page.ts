import type { Command } from 'commander';
import { buildProgram } from './program.js';

/** docs/commands.md: the help of every command. */
export function commandsPage(): string {
  const program = buildProgram();
  const all = program.commands.flatMap((command) => [command, ...command.commands]).filter(isOurs);
  return [
    '# Commands',
    '',
    'Written by `npm run docs:commands` from the help that each command prints with `--help`.',
    '',
    'Results go to standard output, everything on the way to standard error. Exit codes: 0 done, 1 the work failed, 2 wrong',
    'usage or configuration. Errors are one sentence with the remedy; `--debug` adds stack traces. What `--json` prints has',
    'published [schemas](schemas/).',
    '',
    ...all.flatMap((command) => [`## ${nameOf(command)}`, '', '```text', helpOf(command), '```', '']),
  ].join('\n');
}

function isOurs(command: Command): boolean {
  return command.name() !== 'help';
}

function nameOf(command: Command): string {
  const parent = command.parent;
  return parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

/** As it is printed, at a width that does not depend on who prints it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureHelp({ helpWidth: 120 });
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 120,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trim();
}
