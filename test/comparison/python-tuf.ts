import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildPrograms } from '../faults/bare/build.js';
import { readCalls } from '../faults/calls.js';
import type { FaultClient } from '../faults/clients/clients.js';
import { CHANGES, must, publisherSystem, type Wrapped } from './publisher.js';
import type { System } from './system.js';

const SCRIPT = fileURLToPath(new URL('python_tuf.py', import.meta.url));

/** A publisher on python-tuf, with the same library preloaded that numbers the calls of tufline's workers. */
export async function pythonTuf(workshop: string, clients: readonly FaultClient[]): Promise<System> {
  const { shim } = await buildPrograms(workshop);
  const preloaded = (home: string, settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    LD_PRELOAD: shim,
    PYTHONDONTWRITEBYTECODE: '1',
    TUFLINE_SHIM_ROOTS: join(home, 'repository'),
    ...settings,
  });
  return publisherSystem(
    {
      name: 'python-tuf',
      command: [process.env.PYTHON ?? 'python3', SCRIPT],
      async list(home, publish) {
        const log = `${home}.log`;
        await must(publish, preloaded(home, { TUFLINE_SHIM_LOG: log }));
        const points = new Map<string, Wrapped>();
        for (const { number, name, path } of await readCalls(log)) {
          if (!CHANGES.has(name)) continue;
          for (const fault of name === 'write' ? ['kill-before', 'torn'] : ['kill-before', 'kill-after']) {
            const shown = path.slice(home.length);
            points.set(`${fault} ${String(number)} ${name} ${shown}`, {
              command: (command) => command,
              environment: (own) => preloaded(own, { TUFLINE_SHIM_FAULT: `${fault}:${String(number)}` }),
            });
          }
        }
        await Promise.all([rm(log), rm(`${log}.data`, { force: true })]);
        return points;
      },
    },
    workshop,
    clients,
  );
}
