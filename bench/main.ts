import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import prettyBytes from 'pretty-bytes';
import { startDev, tufline } from '../demo/commands.js';
import { loadConfig } from '../src/config/index.js';
import { postRelease } from '../src/handover/index.js';
import { openRepository, publishedState } from '../src/repository/index.js';
import { releaseOutcome } from '../src/status/index.js';
import { connectClient, triggerSchedule } from '../src/temporal/index.js';
import { releaseWorkflowId } from '../src/workflows/messages.js';
import { milliseconds, percentile } from './figures.js';
import { startPeer } from './peers/index.js';
import { stepTimes, type StepTime } from './step-times.js';

/**
 * `npm run bench [-- RELEASES [TARGETS]]`: how long a release of two 1 MB files takes from ready to published, where
 * the time goes, and the same release done by python-tuf beside it, one after the other in the same run.
 */
const releases = Number(process.argv[2] ?? 40);
const targets = Number(process.argv[3] ?? 1000);
const MEGABYTE = 1024 * 1024;

const work = await mkdtemp(join(tmpdir(), 'tufline-bench-'));
try {
  await bench();
} finally {
  await rm(work, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const instance = join(work, 'instance');
  await tufline(instance, ['init', instance]);
  const dev = await startDev(instance);
  const resident = await startPeer('python-tuf', {
    directory: join(work, 'python-tuf'),
    targets,
    bins: 0,
    style: 'flat',
    snapshotEntries: 'full',
  });
  const latencies: number[] = [];
  const pythonTimes: number[] = [];
  const steps: StepTime[] = [];
  try {
    const config = await loadConfig(join(instance, 'tufline.yaml'));
    const repository = openRepository(config);
    const { client, close } = await connectClient(config, process.env);
    const release = async (
      files: { from: string; as: string }[],
    ): Promise<{ took: number; timestamp: string }> => {
      const { commits } = await publishedState(repository, 1);
      const at = new Date();
      const timestamp = await postRelease({ postToTufPath: config.postToTufPath, files });
      const begun = performance.now();
      await triggerSchedule(client, config);
      for (;;) {
        const outcome = await releaseOutcome(config, repository, { timestamp, commitsBefore: commits, at });
        if (outcome.state === 'published') return { took: performance.now() - begun, timestamp };
        if (outcome.state === 'failed') throw new Error(outcome.failure.message);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const settle = async (timestamp: string): Promise<void> => {
      await client.workflow.getHandle(releaseWorkflowId(config.name, timestamp)).result();
    };

    const seed = await filesOf('seed', targets, 10);
    await settle((await release(seed)).timestamp);
    for (let number = 0; number < releases + 3; number++) {
      const files = await filesOf(`r${String(number)}`, 2, MEGABYTE);
      const { took, timestamp } = await release(files);
      await settle(timestamp);
      const python = await resident?.release(files.map(({ from, as }) => [from, as] as const));
      if (number < 3) continue; // Warm-up.
      latencies.push(took);
      if (python !== undefined) pythonTimes.push(python.milliseconds);
      steps.push(...(await stepTimes(client, releaseWorkflowId(config.name, timestamp))));
    }

    const burst = 20;
    const timestamps: string[] = [];
    for (let number = 0; number < burst; number++) {
      const files = await filesOf(`b${String(number)}`, 2, MEGABYTE);
      timestamps.push(await postRelease({ postToTufPath: config.postToTufPath, files }));
    }
    const begun = performance.now();
    await triggerSchedule(client, config);
    while ((await readdir(config.postToTufPath)).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const perSecond = burst / ((performance.now() - begun) / 1000);

    report(latencies, pythonTimes, steps, perSecond, await peakMemory(instance));
    await close();
  } finally {
    await resident?.stop();
    await dev.stop();
  }
}

async function filesOf(name: string, count: number, size: number): Promise<{ from: string; as: string }[]> {
  const directory = join(work, 'files', name);
  await mkdir(directory, { recursive: true });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const from = join(directory, `${String(index)}.bin`);
      await writeFile(from, randomBytes(size));
      return { from, as: `${name}/${String(index)}.bin` };
    }),
  );
}

/** Highest resident memory of each worker so far (Linux). */
async function peakMemory(instance: string): Promise<[string, string][]> {
  const peaks: [string, string][] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const role = /\0worker\0(\w+)\0/.exec(line)?.[1];
    if (role === undefined || !line.includes(instance)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    peaks.push([role, prettyBytes(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)]);
  }
  return peaks;
}

function report(
  latencies: readonly number[],
  python: readonly number[],
  steps: readonly StepTime[],
  perSecond: number,
  memory: readonly [string, string][],
): void {
  const [cpu] = cpus();
  console.log(
    `\n${String(cpus().length)} × ${cpu?.model.trim() ?? '?'}, ${prettyBytes(totalmem())}, Node ${process.version}; ${String(targets)} targets, ${String(latencies.length)} releases of two 1 MB files\n`,
  );
  const table = new Table({ head: ['', 'p50', 'p95', 'n'], style: { head: [], border: [] } });
  const row = (title: string, values: readonly number[]): void => {
    table.push([
      title,
      milliseconds(percentile(values, 0.5)),
      milliseconds(percentile(values, 0.95)),
      String(values.length),
    ]);
  };
  row('tufline, ready → published', latencies);
  for (const name of ['claim', 'move', 'targets', 'snapshot', 'timestamp', 'cleanup']) {
    const of = steps.filter(({ step }) => step === name);
    row(
      `  ${name}: until a worker has it`,
      of.map(({ wait }) => wait),
    );
    row(
      `  ${name}: work`,
      of.map(({ work: took }) => took),
    );
  }
  if (python.length > 0) row('python-tuf, resident: the same release, no hand-over', python);
  else table.push(['python-tuf is not installed here', '', '', '']);
  console.log(table.toString());
  console.log(`\nOne after the other: ${perSecond.toFixed(1)} releases a second.`);
  console.log(`Peak memory: ${memory.map(([role, peak]) => `${role} ${peak}`).join(', ')}.`);
}
