import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROGRAM, startDev, tufline } from '../demo/commands.js';
import { WORKER_ROLES } from '../src/config/index.js';
import { LEAN_ENVIRONMENT, nodeFlags } from '../src/dev/index.js';

/**
 * Starts what an instance needs: `tufline dev` with the embedded server, or where TEMPORAL_ADDRESS names a server that is
 * there already, a worker for each role, as in production.
 * @returns how to stop it.
 */
export async function startAll(instance: string): Promise<{ readonly stop: () => Promise<void> }> {
  if (process.env.TEMPORAL_ADDRESS === undefined) return startDev(instance);
  await tufline(instance, ['schedule', 'apply']);
  const workers = WORKER_ROLES.map((role) =>
    spawn(
      process.execPath,
      [...nodeFlags(role), PROGRAM, 'worker', role, '--config', join(instance, 'tufline.yaml')],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...LEAN_ENVIRONMENT, ...process.env },
      },
    ),
  );
  return {
    async stop() {
      await tufline(instance, ['schedule', 'delete']);
      await Promise.all(workers.map(end));
    },
  };
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return;
  const ended = once(worker, 'exit');
  worker.kill('SIGTERM');
  await ended;
}
