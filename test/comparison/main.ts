/**
 * `npm run compare [-- SYSTEM…]`: kills a publisher at everything that it changes on the file system, looks with tuf-js
 * and python-tuf, starts it again, and looks once more: tufline, and the same release with python-tuf and go-tuf.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startClients } from '../faults/clients/clients.js';
import { goTuf } from './go-tuf.js';
import { pythonTuf } from './python-tuf.js';
import { consequenceOf, type Consequence } from './system.js';
import { tufline } from './tufline.js';

const SYSTEMS = { tufline, 'python-tuf': pythonTuf, 'go-tuf': goTuf } as const;
const { positionals } = parseArgs({ allowPositionals: true, options: {} });
const chosen = Object.entries(SYSTEMS).filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
);
const workshop = await mkdtemp(join(tmpdir(), 'tufline-comparison-'));
const table = new Table({
  head: ['publisher', 'kills', 'clients hurt', 'half-written', 'version rewritten', 'needs a hand'],
  style: { head: [], border: [] },
});
let isTuflineSound = true;
try {
  for (const [name, make] of chosen) {
    const clients = startClients();
    const system = await make(workshop, clients);
    const { points } = system;
    console.log(`${name}: ${String(points.length)} places to be killed at`);
    const consequences: Consequence[] = [];
    const queue = [...points];
    const work = async (): Promise<void> => {
      // Clients of its own: each answers one question at a time.
      const own = startClients();
      for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
        const consequence = await consequenceOf(system, point, own);
        consequences.push(consequence);
        const { details } = consequence;
        if (details.length > 0) console.log(`  ${point}: ${[...new Set(details)].join('; ').slice(0, 300)}`);
      }
      for (const client of own) client.close();
    };
    await Promise.all(Array.from({ length: 2 * availableParallelism() }, work));
    for (const client of clients) client.close();
    await system.close();
    const count = (of: (consequence: Consequence) => boolean): number => consequences.filter(of).length;
    const counts = [
      count(({ clientsHurt }) => clientsHurt),
      count(({ halfWritten }) => halfWritten),
      count(({ rewritten }) => rewritten),
      count(({ needsHand }) => needsHand),
    ];
    if (name === 'tufline') isTuflineSound = counts.every((number) => number === 0);
    table.push([name, String(consequences.length), ...counts.map(String)]);
  }
} finally {
  await rm(workshop, { recursive: true, force: true });
}
console.log(table.toString());
process.exitCode = isTuflineSound ? 0 : 1;
