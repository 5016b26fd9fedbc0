import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The command line as it is built. */
export const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Runs a command of tufline on an instance, as a user would. @returns what it printed. */
export async function tufline(instance: string, parameters: readonly string[]): Promise<string> {
  const [command = ''] = parameters;
  const onInstance = ['init', 'package'].includes(command)
    ? []
    : ['--config', join(instance, 'tufline.yaml')];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [PROGRAM, ...parameters, ...onInstance],
      { maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`tufline ${command}: ${stderr.trim() || error.message}`));
        else resolve(stdout);
      },
    );
  });
}

export interface RunningDev {
  /** The line that begins with `ready`. */
  readonly line: string;
  readonly stop: () => Promise<void>;
}

/** Starts `tufline dev` and waits until it is ready; what it says on the way is shown. */
export async function startDev(instance: string): Promise<RunningDev> {
  const child = spawn(process.execPath, [PROGRAM, 'dev', '--config', join(instance, 'tufline.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0) throw new Error(`tufline dev ended with exit code ${String(code)}`);
  };
  // Whatever ends the demo, nothing of it goes on running.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready')) resolve(line);
    });
  });
  const line = await Promise.race([ready, ended.then(() => undefined)]);
  if (line === undefined) throw new Error('tufline dev ended before it was ready');
  return { line, stop };
}
