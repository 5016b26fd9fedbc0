#!/usr/bin/env node
import { CommanderError } from 'commander';
import { reportFailure } from './output.js';
import { buildProgram } from './program.js';

const program = buildProgram();
try {
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong with the command line; help and version end this way too.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = reportFailure(error, process.argv.includes('--debug'));
}
