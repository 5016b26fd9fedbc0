import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { WORKER_ROLES, type WorkerRole } from '../../src/config/index.js';
import { buildPrograms } from './bare/build.js';
import { callsOfRelease, nameOfCall } from './calls.js';
import { startClients, lookWith } from './clients/clients.js';
import { Server, untilSound, WorkerProcess } from './deployment.js';
import { seeded, type Matrix, type Plan, type Point } from './matrix.js';
import { audit, BEFORE, BOTH, RELEASE, Template } from './world.js';

interface RealPoint extends Point {
  readonly role: WorkerRole;
  readonly fault: string;
  readonly number: number;
}

const SAMPLE = 64;

/** The kill matrix once more, with real workers on a real server: a sample by seed. */
export const realWorkers: Matrix = {
  name: 'real-workers',
  title: 'kill -9 of real workers on the real server, a sample of the same points',
  async prepare({ seed, isFull, workshop }): Promise<Plan> {
    const programs = await buildPrograms(workshop);
    const clients = startClients();
    const template = await Template.make({ clients });
    const calls = await callsOfRelease(template, programs);
    const directory = join(workshop, 'server');
    await mkdir(directory, { recursive: true });
    const server = await Server.start(directory);
    const random = seeded(seed);
    const points = Array.from({ length: isFull ? SAMPLE * 10 : SAMPLE }, (_, number): RealPoint => {
      const call = calls[Math.floor(random() * calls.length)];
      if (!call) throw new Error('no calls');
      const faults =
        call.name === 'write' ? ['kill-before', 'kill-after', 'torn'] : ['kill-before', 'kill-after'];
      const fault = faults[Math.floor(random() * faults.length)] ?? 'kill-after';
      const name = `${String(number + 1)}: ${fault} ${nameOfCall(call, template.world)}`;
      return { name, role: call.role, fault: `${fault}:${String(call.number)}`, number };
    });
    return {
      of: `${String(calls.length)} calls`,
      points,
      atOnce: 4,
      async run(point): Promise<readonly string[]> {
        const { role, fault, number } = point as RealPoint;
        const world = await template.copy({ name: `'real-${String(number)}'`, scan_period: '1s' });
        const { config } = world;
        const { address } = server;
        const others = WORKER_ROLES.filter((other) => other !== role);
        const hurt = new WorkerProcess([role], config, {
          address,
          fault: { programs, roots: world.roots, what: fault },
        });
        const rest = new WorkerProcess(others, config, { address });
        try {
          await server.applySchedule(config);
          const found = [...(await untilSound(() => audit(config, BOTH)))];
          if (found.length > 0) found.push(...hurt.complaints.slice(-3), ...rest.complaints.slice(-3));
          if (hurt.deaths === 0) found.push('the worker was not killed');
          return [
            ...found,
            ...(await lookWith(clients, config.repositoryPath, world.clients, [{ ...BEFORE, ...RELEASE }])),
          ];
        } finally {
          await server.withClient((client) => client.schedule.getHandle(`${config.name}-scan`).delete());
          await Promise.all([hurt.stop(), rest.stop()]);
          await world.remove();
        }
      },
      async close() {
        for (const client of clients) client.close();
        await server.stop();
        await template.remove();
      },
    };
  },
};
