import type { WorkerRole } from '../../src/config/index.js';
import { buildPrograms } from '../faults/bare/build.js';
import { ChildExecutor } from '../faults/bare/executors.js';
import { releaseAll } from '../faults/bare/release.js';
import { callsOfRelease, nameOfCall } from '../faults/calls.js';
import type { FaultClient } from '../faults/clients/clients.js';
import { freshConductor, Template } from '../faults/world.js';
import { CHANGES } from './publisher.js';
import type { PublishedState, System } from './system.js';

/** The four workers, each killed at its calls, as in the kill matrix. */
export async function tufline(workshop: string, clients: readonly FaultClient[]): Promise<System> {
  const programs = await buildPrograms(workshop);
  const template = await Template.make({ clients });
  const calls = await callsOfRelease(template, programs);
  const faults = new Map<string, { readonly role: WorkerRole; readonly fault: string }>();
  for (const call of calls.filter(({ name }) => CHANGES.has(name))) {
    for (const fault of call.name === 'write' ? ['kill-before', 'torn'] : ['kill-before', 'kill-after']) {
      const name = `${fault} ${nameOfCall(call, template.world)}`;
      faults.set(name, { role: call.role, fault: `${fault}:${String(call.number)}` });
    }
  }
  return {
    name: 'tufline',
    points: [...faults.keys()],
    async run(point, killed) {
      const chosen = faults.get(point);
      if (!chosen) throw new Error(`no point ${point}`);
      const { role, fault } = chosen;
      const world = await template.copy();
      const state: PublishedState = {
        repositoryPath: world.config.repositoryPath,
        clients: world.clients,
        remove: () => world.remove(),
      };
      const child = new ChildExecutor(role, world.config, { programs, roots: world.roots, fault });
      const fresh = freshConductor(world.config);
      let isDead = false;
      await releaseAll({
        ...fresh,
        executor: (other) => (other === role && !isDead ? child : fresh.executor(other)),
        onDeath: async () => {
          isDead = true;
          await killed(state);
        },
      });
      await child.end();
      return state;
    },
    close: () => template.remove(),
  };
}
