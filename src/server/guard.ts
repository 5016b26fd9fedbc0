import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';

/**
 * Runs in a process of its own, as the parent of a program that has no way to notice the end of ours:
 * `node guard.js LOGFILE PROGRAM ARGUMENT…`. Our standard input is a pipe from the process that started us; it
 * closes when that one ends, however it ends, also by kill -9. The program is ended then.
 */
const [logFile = '/dev/null', program = 'false', ...rest] = process.argv.slice(2);
const log = openSync(logFile, 'a');
const child = spawn(program, rest, { stdio: ['ignore', log, log] });
const GRACE = 10_000;

function stop(): void {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE).unref();
}

process.stdin.on('end', stop).on('error', stop).resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
child.once('error', () => process.exit(127));
child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
