/**
 * `npm run test:faults [-- MATRIX…] [--seed N] [--full] [--every N] [--point TEXT] [--stop] [--jobs N]`: every fault of every matrix, on
 * all processors, and a table at the end. A violation names the command that repeats it.
 */
import { fork, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { findTemporal } from '../../src/server/index.js';
import { MATRICES } from './matrices.js';
import type { ShardInput, ShardReport } from './shard.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    full: { type: 'boolean', default: false },
    point: { type: 'string' },
    stop: { type: 'boolean', default: false },
    every: { type: 'string', default: '1' },
    // Half of a run is waiting for the process that is going to be killed.
    jobs: { type: 'string', default: String(2 * availableParallelism()) },
  },
});
// Thousands of runs fsync a hundred times each: as root they get a second file system in memory.
if (process.env.TUFLINE_FAULTS_NAMESPACE === undefined && process.getuid?.() === 0) {
  const directory = await mkdtemp(join(tmpdir(), 'tufline-faults-memory-'));
  const mount = 'mount -t tmpfs tufline-faults "$0" && exec "$@"';
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync(
    'unshare',
    ['-m', '--propagation', 'private', 'sh', '-c', mount, directory, ...program],
    {
      stdio: 'inherit',
      env: { ...process.env, TUFLINE_FAULTS_NAMESPACE: '1', TMPDIR: directory },
    },
  );
  await rm(directory, { recursive: true, force: true });
  process.exit(status ?? 1);
}
const unknown = positionals.filter((name) => !MATRICES.some((matrix) => matrix.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no matrix ${unknown.join(', ')}: choose of ${MATRICES.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}
// Once, before all shards need it.
process.env.TEMPORAL_CLI_PATH = await findTemporal({ environment: process.env, log: console.error });
const chosen = MATRICES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const jobs = Number(values.jobs);
const workshop = await mkdtemp(join(tmpdir(), 'tufline-workshop-'));
const table = new Table({
  head: ['matrix', 'of', 'points', 'runs', 'violations', 'seconds'],
  style: { head: [], border: [] },
});
let violations = 0;

for (const { name, title, atOnce, varies = false } of chosen) {
  console.log(`${name}: ${title}`);
  const begun = Date.now();
  const reports: ShardReport[] = [];
  const parts = atOnce === undefined ? jobs : 1;
  const input = (shard: number): ShardInput => ({
    matrix: name,
    seed: Number(values.seed),
    isFull: values.full,
    workshop,
    every: Number(values.every),
    stopsAtFirst: values.stop,
    shard,
    shards: parts,
    ...(values.point === undefined ? {} : { point: values.point }),
  });
  // The first one builds what all of them need.
  await Promise.all(
    Array.from({ length: parts }, (_, shard) =>
      runShard(input(shard)).then((report) => reports.push(report)),
    ),
  );
  const runs = reports.reduce((sum, report) => sum + report.runs, 0);
  const failed = reports.flatMap((report) => report.violations);
  const totals = new Set(reports.map((report) => report.points));
  if (totals.size > 1 && !varies)
    failed.push({ point: 'numbering', found: [`the number of points differs: ${[...totals].join(', ')}`] });
  if (runs === 0) failed.push({ point: values.point ?? '', found: ['there is no such point'] });
  violations += failed.length;
  for (const { complaint, points } of byComplaint(failed).slice(0, 20)) {
    const [first = ''] = points;
    console.error(`  ${String(points.length)} x ${complaint}`);
    console.error(`    again: npm run test:faults -- ${name} --seed ${values.seed} --point '${first}'`);
  }
  table.push([
    name,
    reports[0]?.of ?? '',
    String(reports[0]?.points ?? 0),
    String(runs),
    String(failed.length),
    String(Math.round((Date.now() - begun) / 1000)),
  ]);
}
await rm(workshop, { recursive: true, force: true });
console.log(table.toString());
process.exitCode = violations === 0 ? 0 : 1;

/** The same complaint at many points is one finding. */
function byComplaint(failed: ShardReport['violations']): { complaint: string; points: string[] }[] {
  const groups = new Map<string, { complaint: string; points: string[] }>();
  for (const { point, found } of failed) {
    for (const complaint of new Set(found)) {
      const kind = complaint.replaceAll(/\/\S+\/|\d+|[0-9a-f]{12,}|[0-9a-f-]{36}/g, '');
      const group = groups.get(kind) ?? { complaint, points: [] };
      groups.set(kind, group);
      group.points.push(point);
    }
  }
  return [...groups.values()].sort((a, b) => b.points.length - a.points.length);
}

function runShard(input: ShardInput): Promise<ShardReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('shard.ts', import.meta.url)), {
      execArgv: process.execArgv,
      // With one thread for the file system, the calls come in the same order in every part.
      env: { ...process.env, ...(input.shards > 1 ? { UV_THREADPOOL_SIZE: '1' } : {}) },
    });
    let report: ShardReport | undefined;
    child.on('message', (message: ShardReport | 'begin') => {
      if (message !== 'begin') report = message;
    });
    child.once('exit', (code) => {
      if (report) resolve(report);
      else reject(new Error(`a shard of ${input.matrix} ended with exit code ${String(code)}`));
    });
    child.send(input);
  });
}
