import { InvalidArgumentError, type Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';
import { endOnSignals } from '../signals.js';

interface DevArguments extends CommonOptions {
  readonly port?: number;
  readonly uiPort?: number;
}

export function addDev(program: Command): void {
  const command = program
    .command('dev')
    .summary('run everything: embedded Temporal server, schedule and all workers')
    .description(
      `Runs everything an instance needs, until Ctrl-C: the embedded Temporal server with its UI (its data is temporal.db in the
instance), the scan schedule, and one worker process for each role. With TEMPORAL_ADDRESS set that server is used and none
is started. Prints a line that begins with "ready" when packages can be posted. SIGTERM and SIGINT let running steps finish.`,
    );
  withPorts(onInstance(command))
    .addHelpText('after', '\nExample:\n  tufline dev --ui-port 8080')
    .action((options: DevArguments) => run(options, 'dev'));
}

export function addServer(program: Command): void {
  const command = program
    .command('server')
    .summary('run only the embedded Temporal server')
    .description(
      'Runs only the embedded Temporal server of the instance, until Ctrl-C; workers are started with "tufline worker".',
    );
  withPorts(onInstance(command)).action((options: DevArguments) => run(options, 'server'));
}

function withPorts(command: Command): Command {
  return command
    .option('--port <PORT>', 'port of the Temporal server (default: 7233, or a free one)', port)
    .option('--ui-port <PORT>', 'port of the Temporal UI (default: 8233, or a free one)', port);
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65536) return value;
  throw new InvalidArgumentError('a port is a number from 1 to 65535');
}

async function run(options: DevArguments, kind: 'dev' | 'server'): Promise<void> {
  const signal = endOnSignals();
  const { runDev, runServer } = await import('../../dev/index.js');
  const { environment, output, loadConfig } = contextOf(options);
  const config = await loadConfig();
  const start = kind === 'dev' ? runDev : runServer;
  await start(config, {
    environment,
    signal,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.uiPort === undefined ? {} : { uiPort: options.uiPort }),
    log: (line) => {
      output.note(line);
    },
    onReady: ({ address, ui }) => {
      const namespace = config.temporal.namespace ?? 'default';
      const releases = `/namespaces/${namespace}/workflows?query=WorkflowType%3D%22release%22`;
      const where = ui === undefined ? '' : `, releases in the UI: ${ui}${releases}`;
      process.stdout.write(
        `ready: Temporal at ${address}${where}; post packages with: tufline post FILE… --wait\n`,
      );
    },
  });
}
