/**
 * `npm run chaos -- --minutes M [--seed N]`: an instance with pipelines that post, clients that look, and something
 * that goes wrong every few seconds. It ends with an audit of every posted file and exits 1 where anything is lost,
 * published twice, or was ever invalid. The same seed chooses the same faults, files and pauses.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { auditChaos } from './audit.js';
import { ClientLoop } from './client-loop.js';
import { Faults } from './faults.js';
import { makeInstance } from './instance.js';
import { Pipeline } from './pipeline.js';
import { quantile } from './quantile.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run chaos -- --minutes M [--seed N], with M above 0 and a whole N.');
  process.exit(2);
}
// In a mount namespace of its own whatever happens: the small disks are gone with the process.
if (process.env.TUFLINE_CHAOS_NAMESPACE === undefined && process.getuid?.() === 0) {
  const inside = [
    '-m',
    '--propagation',
    'private',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  const { status } = spawnSync('unshare', [...inside, '--seed', String(seed)], {
    stdio: 'inherit',
    env: { ...process.env, TUFLINE_CHAOS_NAMESPACE: '1' },
  });
  process.exit(status ?? 1);
}

console.log(`chaos for ${String(minutes)} minutes, seed ${String(seed)}`);
const directory = await mkdtemp(join(tmpdir(), 'tufline-chaos-'));
const instance = await makeInstance(directory, minutes);
const pipelines = [1, 2].map((number) => new Pipeline(number, instance.config, seed));
const clients = ClientLoop.start(instance.config, directory, pipelines);
const faults = new Faults(instance, seed);

const begun = Date.now();
const end = begun + minutes * 60_000;
// A fifth of the time without faults, for the figures to compare with.
const quietUntil = begun + (minutes * 60_000) / 5;
const posting = pipelines.map((pipeline) => pipeline.run(end));
const progress = setInterval(() => {
  const posted = pipelines.reduce((sum, { posted: { length } }) => sum + length, 0);
  const looks = clients.reduce((sum, { looks: count }) => sum + count, 0);
  const elapsed = Math.round((Date.now() - begun) / 1000);
  console.log(
    `  ${String(elapsed)} s: ${String(posted)} posted, ${String(faults.count)} faults, ${String(looks)} looks`,
  );
}, 30_000);
await sleep(quietUntil - Date.now());
await faults.run(end);
await Promise.all(posting);
clearInterval(progress);

console.log('  no more faults; waiting for everything to be through');
const posted = pipelines.flatMap((pipeline) => pipeline.posted);
const audit = await auditChaos(instance.config, posted, 300_000);
for (const client of clients) await client.stop();
await instance.stop();

const invalid = clients.flatMap((client) => client.complaints);
const latency = (withFaults: boolean): readonly number[] =>
  audit.latencies
    .filter(({ readyAt }) => readyAt >= quietUntil === withFaults)
    .map(({ milliseconds }) => milliseconds);
const table = new Table({ style: { head: [], border: [] } });
const sound = posted.filter(({ isBad }) => !isBad).length;
table.push(
  ['releases posted', `${String(posted.length)}, of them with bad input ${String(posted.length - sound)}`],
  ['files', String(posted.reduce((sum, { files }) => sum + Object.keys(files).length, 0))],
  ['faults', faults.summary],
  ...clients.map((client): [string, string] => [`looks with ${client.name}`, String(client.looks)]),
  ['lost', String(audit.lost.length)],
  ['twice', String(audit.twice.length)],
  ['invalid', String(invalid.length + audit.invalid.length)],
  ['ready to published, no faults', times(latency(false))],
  ['ready to published, with faults', times(latency(true))],
  ['seed', String(seed)],
);
console.log(table.toString());
const violations = [...audit.lost, ...audit.twice, ...audit.invalid, ...invalid];
for (const violation of violations.slice(0, 20)) console.error(violation);
if (violations.length > 0) {
  console.error(
    `The instance is left in ${directory}. Again: npm run chaos -- --minutes ${String(minutes)} --seed ${String(seed)}`,
  );
} else await rm(directory, { recursive: true, force: true });
process.exit(violations.length === 0 ? 0 : 1);

function times(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return 'none';
  const [p50, p99] = [quantile(milliseconds, 0.5), quantile(milliseconds, 0.99)];
  return `p50 ${(p50 / 1000).toFixed(2)} s, p99 ${(p99 / 1000).toFixed(2)} s (n = ${String(milliseconds.length)})`;
}
