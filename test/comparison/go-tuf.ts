import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { FaultClient } from '../faults/clients/clients.js';
import { must, publisherSystem, type Wrapped } from './publisher.js';
import type { System } from './system.js';

const SOURCE = fileURLToPath(new URL('go-tuf', import.meta.url));
const TRACED =
  'write,pwrite64,rename,renameat,renameat2,unlinkat,linkat,mkdirat,fsync,ftruncate,copy_file_range';

/** A publisher on go-tuf. Go calls the kernel past the C library, so that strace counts and kills. */
export async function goTuf(workshop: string, clients: readonly FaultClient[]): Promise<System> {
  const program = join(workshop, 'go-tuf-publisher');
  await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: SOURCE });
  return publisherSystem(
    {
      name: 'go-tuf',
      command: [program],
      async list(home, publish) {
        const log = `${home}.log`;
        await must(['strace', '-f', '-qq', '-y', '-o', log, '-e', `trace=${TRACED}`, ...publish]);
        const points = new Map<string, Wrapped>();
        const counts = new Map<string, number>();
        for (const line of (await readFile(log, 'utf8')).split('\n')) {
          const [, name, rest] = /^\d+\s+(\w+)\((.*)/.exec(line) ?? [];
          if (name === undefined) continue;
          const when = (counts.get(name) ?? 0) + 1;
          counts.set(name, when);
          const shown = /[<"]\/[^>"]*/.exec(rest ?? '')?.[0].slice(1 + home.length) ?? '';
          points.set(`kill-before ${name} ${String(when)} ${shown}`, {
            // strace ends with the signal that killed what it traced.
            command: (command) => [
              ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${name}`],
              ...['-e', `inject=${name}:signal=SIGKILL:when=${String(when)}`, ...command],
            ],
            environment: () => ({}),
          });
        }
        await rm(log);
        return points;
      },
    },
    workshop,
    clients,
  );
}
