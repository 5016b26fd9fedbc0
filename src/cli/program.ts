import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addBins } from './commands/bins.js';
import { addCancel } from './commands/cancel.js';
import { addDev, addServer } from './commands/dev.js';
import { addInit } from './commands/init.js';
import { addPackage } from './commands/package.js';
import { addPost } from './commands/post.js';
import { addPrune } from './commands/prune.js';
import { addReplay } from './commands/replay.js';
import { addRetry } from './commands/retry.js';
import { addSchedule } from './commands/schedule.js';
import { addStatus } from './commands/status.js';
import { addVerify } from './commands/verify.js';
import { addWorker } from './commands/worker.js';

const DESCRIPTION = `Takes packages from a build pipeline to a public TUF repository: nothing lost, nothing twice, never half-done.

A first try, in a folder of its own:
  tufline init my-repository && cd my-repository
  tufline dev                         # leave it running: Temporal server, UI and workers
  tufline post ../package-1.0.zip --wait
  tufline status
  tufline verify`;

const EPILOGUE = `
Exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration.`;

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('tufline')
    .description(DESCRIPTION)
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', EPILOGUE)
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .exitOverride();
  for (const add of [
    addInit,
    addDev,
    addServer,
    addWorker,
    addSchedule,
    addPackage,
    addPost,
    addStatus,
    addVerify,
    addRetry,
    addCancel,
    addBins,
    addPrune,
    addReplay,
  ]) {
    add(program);
  }
  for (const command of program.commands) {
    // Broken in the source where lines end; the terminal's width is what counts.
    command.description(command.description().replaceAll('\n', ' ')).exitOverride();
  }
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '';
}
