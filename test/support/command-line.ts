import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tufline …` as a user types it, in a directory. Never throws for an exit code. */
export function tufline(
  directory: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = {
      cwd: directory,
      env: { ...process.env, NO_COLOR: '1', ...environment },
      maxBuffer: 1 << 26,
    };
    const child = execFile(process.execPath, [PROGRAM, ...parameters], options, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

export interface Dev {
  readonly child: ChildProcess;
  /** The line that begins with `ready`. */
  readonly line: string;
  readonly ended: Promise<number | null>;
  readonly stop: () => Promise<number | null>;
}

/** Starts `tufline dev` in a process group of its own, as a terminal does, and waits until it is ready. */
export async function startDev(
  test: TestContext,
  directory: string,
  parameters: readonly string[] = [],
): Promise<Dev> {
  const child = spawn(process.execPath, [PROGRAM, 'dev', ...parameters], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  test.after(stop);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready')) resolve(line);
    });
  });
  const line = await Promise.race([ready, ended.then(() => undefined)]);
  if (line === undefined) throw new Error(`tufline dev ended before it was ready: ${complaint}`);
  return { child, line, ended, stop };
}

/** A fresh instance made with `tufline init`. */
export async function initInstance(directory: string): Promise<string> {
  const { code, stderr } = await tufline(directory, ['init', 'instance']);
  if (code !== 0) throw new Error(stderr);
  return join(directory, 'instance');
}
