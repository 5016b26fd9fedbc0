import fc from 'fast-check';
import { configurationChange, tryConfiguration } from './bad-input/configurations.js';
import { damage, tryDamage } from './bad-input/damage.js';
import { directory, tryDirectory } from './bad-input/directories.js';
import { startClients } from './clients/clients.js';
import type { Matrix, Plan, Point } from './matrix.js';
import { Template } from './world.js';

interface InputPoint extends Point {
  readonly kind: 'directory' | 'configuration' | 'metadata';
  readonly seed: number;
}

/** Points of each kind, and inputs of each point. */
const POINTS = { directory: 40, configuration: 20, metadata: 30 } as const;
const RUNS = { directory: 15, configuration: 100, metadata: 6 } as const;

/** Whatever a pipeline, an operator or a damaged disk may bring. */
export const badInput: Matrix = {
  name: 'bad-input',
  title: 'random directories with names of any bytes, configurations, metadata files and records',
  async prepare({ seed, isFull }): Promise<Plan> {
    const clients = startClients();
    const template = await Template.make({ isReady: false, allInMemory: true, clients });
    const other = await Template.make({ isReady: false, allInMemory: true });
    const kinds = Object.keys(POINTS) as InputPoint['kind'][];
    const points = kinds.flatMap((kind) =>
      Array.from({ length: POINTS[kind] * (isFull ? 10 : 1) }, (_, index): InputPoint => {
        const own = seed * 100_000 + index;
        return { name: `${kind} ${String(own)}`, kind, seed: own };
      }),
    );
    const runs = kinds.map((kind) => `${String(RUNS[kind])} of ${kind}`).join(', ');
    return {
      of: `each ${runs}`,
      points,
      async run(point): Promise<string[]> {
        const { kind, seed: own } = point as InputPoint;
        const parameters = { seed: own, numRuns: RUNS[kind] };
        switch (kind) {
          case 'directory':
            return check(directory, (entries) => tryDirectory(template, clients, entries), parameters);
          case 'configuration':
            return check(configurationChange, (change) => tryConfiguration(template, change), parameters);
          case 'metadata':
            return check(damage, (how) => tryDamage({ template, other, clients }, how), parameters);
        }
      },
      async close() {
        for (const client of clients) client.close();
        await template.remove();
        await other.remove();
      },
    };
  },
};

/** @returns the smallest input that was found to break the property, and what it breaks. */
async function check<T>(
  input: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
  parameters: { readonly seed: number; readonly numRuns: number },
): Promise<string[]> {
  const outcome = await fc.check(fc.asyncProperty(input, property), parameters);
  if (!outcome.failed) return [];
  const error = outcome.errorInstance;
  const why = error instanceof Error ? error.message : String(error);
  return [`${fc.stringify(outcome.counterexample)}: ${why}`];
}
