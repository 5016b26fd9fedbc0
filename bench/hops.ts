import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import { WORKER_ROLES } from '../src/config/index.js';
import { findTemporal, freePort, SETTINGS, startServer, type ServerSettings } from '../src/server/index.js';
import { registerSearchAttributes, searchAttributeArguments } from '../src/temporal/index.js';
import { releaseWorkflowId } from '../src/workflows/messages.js';
import { cpuSeconds } from './cpu-time.js';
import { percentile } from './figures.js';
import { createSchedule, name, startWorker, untilIdle } from './hops-parts.js';

/**
 * `npx tsx bench/hops.ts [--releases N] [--concurrent N] [--serial N] …`: what Temporal itself costs. A real server, the
 * real workflows on four task queues in four processes, and steps that do nothing. Prints one line of JSON: releases a
 * second, seconds of processor time a release (in milliseconds) of the server and of each worker, events a release; and with --serial
 * the milliseconds from ready to the end of the timestamp step, one release at a time. Each lever can be turned:
 * `--dynamic KEY=VALUE`, `--pragma KEY=VALUE`, `--env KEY=VALUE` of the server, `--worker JSON` of the workers' options,
 * `--node FLAG` of the workers' processes; `--address` measures a server that runs already (`--pid` for its time).
 */
const { values } = parseArgs({
  options: {
    releases: { type: 'string', default: '600' },
    concurrent: { type: 'string', default: '32' },
    serial: { type: 'string', default: '30' },
    warmup: { type: 'string', default: '100' },
    dynamic: { type: 'string', multiple: true, default: [] },
    pragma: { type: 'string', multiple: true, default: [] },
    env: { type: 'string', multiple: true, default: [] },
    worker: { type: 'string', default: '{}' },
    node: { type: 'string', multiple: true, default: [] },
    address: { type: 'string' },
    pid: { type: 'string', multiple: true, default: [] },
    label: { type: 'string', default: '' },
  },
});
/** Seconds. */
const IDLE = 3;
const AFTERMATH = 3;
const work = await mkdtemp(join(tmpdir(), 'tufline-hops-'));
const ends: (() => Promise<unknown>)[] = [() => rm(work, { recursive: true, force: true })];

try {
  await measure();
} finally {
  for (const end of ends.reverse()) await end();
}

async function measure(): Promise<void> {
  const server =
    values.address === undefined
      ? await ownServer()
      : { address: values.address, pids: values.pid.map(Number) };
  const connection = await Connection.connect({ address: server.address });
  ends.push(() => connection.close());
  const client = new Client({ connection });
  await registerSearchAttributes(client);
  const workers = new Map(
    await Promise.all(
      WORKER_ROLES.map(async (role) => {
        const worker = await startWorker(role, {
          address: server.address,
          concurrent: values.concurrent,
          overrides: values.worker,
          flags: values.node,
        });
        ends.push(worker.end);
        return [role, worker] as const;
      }),
    ),
  );
  const monitor = workers.get('monitor');
  const timestamp = workers.get('timestamp');
  if (!monitor || !timestamp) throw new Error('no workers');
  const max = Number(values.concurrent);
  const schedule = await createSchedule(client, max);
  ends.push(() => schedule.delete());

  /** Makes releases ready and has them looked for. @returns the longest time in which none was through. */
  const releaseAll = async (count: number, before: number): Promise<number> => {
    monitor.tell({ post: count });
    await schedule.trigger(ScheduleOverlapPolicy.SKIP);
    let longest = 0;
    let last = { done: before, at: performance.now() };
    while (last.done < before + count) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { done } = await monitor.ask();
      longest = Math.max(longest, performance.now() - last.at);
      if (done > last.done) last = { done, at: performance.now() };
    }
    return longest;
  };
  let finished = Number(values.warmup);
  await releaseAll(finished, 0);

  const pids = new Map<string, number[]>([['server', server.pids]]);
  for (const [role, { child }] of workers) pids.set(role, [child.pid ?? 0]);
  const used = async (): Promise<Record<string, number>> => {
    const pairs = [...pids].map(async ([who, all]) => {
      const seconds = await Promise.all(all.map(cpuSeconds));
      return [who, seconds.reduce((sum, one) => sum + one, 0)] as const;
    });
    return Object.fromEntries(await Promise.all(pairs));
  };
  const releases = Number(values.releases);
  const idleBefore = await used();
  await new Promise((resolve) => setTimeout(resolve, IDLE * 1000));
  const before = await used();
  const idle = (who: string): number => ((before[who] ?? 0) - (idleBefore[who] ?? 0)) / IDLE;
  const { scans } = await monitor.ask();
  const begun = performance.now();
  const longestPause = await releaseAll(releases, finished);
  finished += releases;
  const seconds = (performance.now() - begun) / 1000;
  // What is done after the releases, as visibility, is part of the price.
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH * 1000));
  const after = await used();
  const price = (who: string): number => (after[who] ?? 0) - (before[who] ?? 0);
  const each = Object.fromEntries(
    [...pids.keys()].map((who) => [who, round((price(who) / releases) * 1000)]),
  );
  const scansEach = ((await monitor.ask()).scans - scans) / releases;
  const events = (
    await client.workflow.getHandle(releaseWorkflowId(name, String(finished).padStart(8, '0'))).describe()
  ).historyLength;

  const latencies: number[] = [];
  for (let number = 0; number < Number(values.serial); number++) {
    await untilIdle(client);
    const seen = timestamp.nextVisible();
    const from = performance.now();
    monitor.tell({ post: 1 });
    await schedule.trigger(ScheduleOverlapPolicy.SKIP);
    await seen;
    latencies.push(performance.now() - from);
    while ((await monitor.ask()).done < finished + 1) await new Promise((resolve) => setTimeout(resolve, 10));
    finished++;
  }
  const total = Object.values(each).reduce((sum, one) => sum + one, 0);
  console.log(
    JSON.stringify({
      label: values.label,
      perSecond: round(releases / seconds),
      longestPauseMs: Math.round(longestPause),
      cpuMsEach: { ...each, total: round(total) },
      idlePercent: Object.fromEntries([...pids.keys()].map((who) => [who, round(idle(who) * 100)])),
      events,
      scansEach: round(scansEach),
      serialMs: { p50: round(percentile(latencies, 0.5)), p95: round(percentile(latencies, 0.95)) },
    }),
  );
  for (const { child } of workers.values()) child.kill('SIGTERM');
}

async function ownServer(): Promise<{ address: string; pids: number[] }> {
  const settings: ServerSettings = {
    dynamicConfig: {
      ...SETTINGS.dynamicConfig,
      ...pairsOf(values.dynamic, (text) => JSON.parse(text) as number | boolean),
    },
    sqlitePragmas: { ...SETTINGS.sqlitePragmas, ...pairsOf(values.pragma, String) },
    environment: { ...SETTINGS.environment, ...pairsOf(values.env, String) },
  };
  const server = await startServer({
    program: await findTemporal({ environment: process.env, log: console.error }),
    databaseFile: join(work, 'temporal.db'),
    logFile: join(work, 'server.log'),
    port: await freePort(),
    uiPort: await freePort(),
    searchAttributes: searchAttributeArguments(),
    settings,
  });
  ends.push(() => server.stop());
  return { address: server.address, pids: [server.pid ?? 0] };
}

function pairsOf<T>(pairs: readonly string[], parse: (text: string) => T): Record<string, T> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', value = ''] = pair.split(/=(.*)/s);
      return [key, parse(value)] as const;
    }),
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
