import { InvalidArgumentError, type Command } from 'commander';
import { loadConfig, type Config } from '../config/index.js';
import { Output } from './output.js';

/** Options that every command has. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** What a command is given beside its own arguments. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly output: Output;
  /** Reads the instance's configuration. */
  readonly loadConfig: () => Promise<Config>;
}

/** The one place that reads the environment of the process. */
export function contextOf(options: CommonOptions): CommandContext {
  const environment = process.env;
  return {
    environment,
    output: new Output({ json: options.json ?? false, environment }),
    loadConfig: () => loadConfig(options.config),
  };
}

/** Adds the options that every command on an instance has. */
export function onInstance(command: Command, { json = false } = {}): Command {
  command.option('-c, --config <FILE>', 'configuration of the instance', './tufline.yaml');
  if (json) command.option('--json', 'print one JSON document instead of text');
  return command.option('--debug', 'print stack traces of errors');
}

/** Takes an option that is a whole number. */
export function parseCount(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}
