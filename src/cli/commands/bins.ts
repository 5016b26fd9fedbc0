import type { Command } from 'commander';
import { addAdvise } from './bins-advise.js';
import { addResize } from './bins-resize.js';

export function addBins(program: Command): void {
  const bins = program
    .command('bins')
    .summary('advise on hash bins, and change how many there are')
    .description(
      'Hash bins spread the list of targets over several metadata files, so that a release and a client need only a part of it.',
    )
    .exitOverride();
  addResize(bins);
  addAdvise(bins);
}
