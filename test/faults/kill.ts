import type { WorkerRole } from '../../src/config/index.js';
import { buildPrograms } from './bare/build.js';
import { ChildExecutor } from './bare/executors.js';
import { releaseAll } from './bare/release.js';
import { callsOfRelease, nameOfCall } from './calls.js';
import { lookWith, startClients } from './clients/clients.js';
import type { Matrix, Plan, Point } from './matrix.js';
import { audit, BEFORE, BOTH, freshConductor, RELEASE, Template } from './world.js';

interface KillPoint extends Point {
  readonly role: WorkerRole;
  readonly fault: string;
}

const AFTER = { ...BEFORE, ...RELEASE };

/** kill -9 of a worker process at every call, and with every write torn in half. */
export const kill: Matrix = {
  name: 'kill',
  title: 'kill -9 before and after every file-system call, and in the middle of every write',
  async prepare({ workshop }): Promise<Plan> {
    const programs = await buildPrograms(workshop);
    const clients = startClients();
    const template = await Template.make({ clients });
    const calls = await callsOfRelease(template, programs);
    const points = calls.flatMap((call): KillPoint[] => {
      const name = nameOfCall(call, template.world);
      const number = String(call.number);
      const at = (when: string, fault: string): KillPoint => ({
        name: `kill ${when} ${name}`,
        role: call.role,
        fault: `${fault}:${number}`,
      });
      const both = [at('before', 'kill-before'), at('after', 'kill-after')];
      return call.name === 'write' ? [...both, at('in', 'torn')] : both;
    });

    return {
      of: `${String(calls.length)} calls`,
      points,
      async run(point): Promise<string[]> {
        const { role, fault } = point as KillPoint;
        const world = await template.copy();
        const seenBy = world.clients;
        const { repositoryPath } = world.config;
        const found: string[] = [];
        const child = new ChildExecutor(role, world.config, { programs, roots: world.roots, fault });
        const fresh = freshConductor(world.config);
        let deaths = 0;
        await releaseAll({
          ...fresh,
          executor: (other) => (other === role && deaths === 0 ? child : fresh.executor(other)),
          onDeath: async () => {
            deaths++;
            found.push(...(await lookWith(clients, repositoryPath, seenBy, [BEFORE, AFTER])));
          },
        });
        await child.end();
        // A call of the idle scan at the very end may not come any more.
        if (deaths === 0) found.push('the process was not killed');
        found.push(...(await audit(world.config, BOTH)));
        found.push(...(await lookWith(clients, repositoryPath, seenBy, [AFTER])));
        await world.remove();
        return found;
      },
      async close() {
        for (const client of clients) client.close();
        await template.remove();
      },
    };
  },
};
