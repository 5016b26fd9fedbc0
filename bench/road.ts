import { createHash, randomBytes } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../src/config/index.js';
import { isPublished, openRepository, type Repository } from '../src/repository/index.js';
import { releaseOutcome, type ReleaseOutcome } from '../src/status/index.js';
import { connectClient, triggerSchedule } from '../src/temporal/index.js';
import { releaseWorkflowId } from '../src/workflows/messages.js';
import type { Population } from './population/index.js';
import { processesOf, type InstanceProcess } from './processes.js';
import { stepTimes, type StepTime } from './step-times.js';
import { startAll } from './workers.js';

export interface RoadRelease {
  /** Milliseconds from ready to published. */
  readonly took: number;
  readonly steps: readonly StepTime[];
}

/** What one minute (or the rest of one) of sustained releases was like. */
export interface Sustained {
  /** Releases per second of each interval. */
  readonly perSecond: readonly number[];
  readonly releases: number;
  readonly seconds: number;
  /** Seconds of a core for each release, by process. */
  readonly cpuPerRelease: Readonly<Record<string, number>>;
  /** Sentences about releases that are not published as posted. */
  readonly wrong: readonly string[];
}

/** A running instance with its server and its workers. */
export interface Road {
  /** One release by itself: posted, and waited for. */
  readonly release: (number: number, bytes: number) => Promise<RoadRelease>;
  /** As many releases as go through, posted so that there are always some ready. */
  readonly sustain: (options: {
    readonly seconds: number;
    readonly bytes: number;
    readonly first: number;
  }) => Promise<Sustained>;
  readonly processes: () => Promise<InstanceProcess[]>;
  readonly stop: () => Promise<void>;
}

/** Ready directories that wait while releases are sustained. */
const AHEAD = 64;
const INTERVAL = 10;
/** Milliseconds after which a release is asked for although nothing has changed: it may have failed. */
const ASKED_ANYWAY = 1000;

/** Starts server and workers on an instance. */
export async function startRoad(config: Config, population: Population): Promise<Road> {
  const started = await startAll(config.directory);
  const { client, close } = await connectClient(config, process.env);
  const repository = openRepository(config);

  return {
    async release(number, bytes) {
      const commitsBefore = (await repository.commits.latest())?.number ?? 0;
      const at = new Date();
      const { timestamp } = await post(config, population, number, bytes);
      const begun = performance.now();
      const shown = untilShown(repository, () =>
        releaseOutcome(config, repository, { timestamp, commitsBefore, at }),
      );
      await Promise.all([shown, triggerSchedule(client, config)]);
      const took = (await shown) - begun;
      const workflowId = releaseWorkflowId(config.name, timestamp);
      await client.workflow.getHandle(workflowId).result();
      return { took, steps: await stepTimes(client, workflowId) };
    },

    async sustain({ seconds, bytes, first }) {
      const posted: Posted[] = [];
      let number = first;
      const fill = async (): Promise<void> => {
        const names = await readdir(config.postToTufPath);
        const waiting = names.filter((name) => name.startsWith('tuf_ready_')).length;
        for (let more = waiting; more < AHEAD; more++)
          posted.push(await post(config, population, number++, bytes));
      };
      const before = await processesOf(config.directory);
      const counter = await countReleases(repository);
      await fill();
      await triggerSchedule(client, config);
      const begun = performance.now();
      const perSecond: number[] = [];
      let [counted, last] = [await counter(), begun];
      while (performance.now() - begun < seconds * 1000) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        await fill();
        if (performance.now() - last < INTERVAL * 1000) continue;
        const [now, at] = [await counter(), performance.now()];
        perSecond.push((now - counted) / ((at - last) / 1000));
        [counted, last] = [now, at];
      }
      const releases = await counter();
      const took = (performance.now() - begun) / 1000;
      const after = await processesOf(config.directory);
      await drained(config);
      return {
        perSecond,
        releases,
        seconds: took,
        cpuPerRelease: cpuOf(before, after, releases),
        wrong: await audit(config, posted),
      };
    },

    processes: () => processesOf(config.directory),

    async stop() {
      await close();
      await started.stop();
    },
  };
}

interface Posted {
  readonly timestamp: string;
  /** Digest by path. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Waits for a release to be shown to clients. Asked is only when the timestamp has changed: the cores are for what is
 * measured.
 * @returns when, in milliseconds of `performance.now()`.
 */
async function untilShown(
  repository: Repository,
  outcomeNow: () => Promise<ReleaseOutcome>,
): Promise<number> {
  let shownAt = 0;
  let wake: (() => void) | undefined;
  const watcher = watch(repository.paths.metadata, (_, name) => {
    if (name !== 'timestamp.json') return;
    shownAt = performance.now();
    wake?.();
  });
  try {
    for (;;) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, ASKED_ANYWAY).unref();
      });
      const outcome = await outcomeNow();
      if (outcome.state === 'failed') throw new Error(outcome.failure.message);
      if (outcome.state !== 'published') continue;
      if (shownAt === 0) throw new Error('the change of the timestamp was not seen');
      return shownAt;
    }
  } finally {
    watcher.close();
  }
}

/** Hands over the next version of a package as a pipeline on another host does; its fsyncs are not this machine's. */
async function post(config: Config, population: Population, number: number, bytes: number): Promise<Posted> {
  const timestamp = `${new Date().toISOString().replaceAll(/[-:]/g, '')}-${String(number).padStart(7, '0')}`;
  const tmp = join(config.postToTufPath, `tuf_tmp_${timestamp}`);
  const files = new Map<string, string>();
  for (const { path } of population.release(number)) {
    const content = randomBytes(bytes);
    await mkdir(dirname(join(tmp, path)), { recursive: true });
    await writeFile(join(tmp, path), content);
    files.set(path, createHash('sha256').update(content).digest('hex'));
  }
  await rename(tmp, join(config.postToTufPath, `tuf_ready_${timestamp}`));
  return { timestamp, files };
}

/** @returns how many releases were committed since now. */
async function countReleases(repository: Repository): Promise<() => Promise<number>> {
  let seen = (await repository.commits.latest())?.number ?? 0;
  let count = 0;
  return async () => {
    for await (const record of repository.commits.from(seen + 1)) {
      if (record.kind === 'release') count += record.releases.length;
      seen = record.number;
    }
    return count;
  };
}

async function drained({ postToTufPath }: Config): Promise<void> {
  while ((await readdir(postToTufPath)).some((name) => /^tuf_(ready|processing)_/.test(name)))
    await new Promise((resolve) => setTimeout(resolve, 250));
}

/** Every release is decided as committed and shown to clients, and its files lie there with the posted bytes. */
async function audit(config: Config, posted: readonly Posted[]): Promise<string[]> {
  const repository = openRepository(config);
  const committed = new Map<string, string>();
  for await (const { kind, releases } of repository.commits.from(1)) {
    if (kind === 'release') for (const { release, timestamp } of releases) committed.set(timestamp, release);
  }
  const wrong: string[] = [];
  for (const { timestamp, files } of posted) {
    const release = committed.get(timestamp);
    if (release === undefined || !(await isPublished(repository, release)))
      wrong.push(`${timestamp} is not published`);
    for (const [path, digest] of files) {
      const file = join(repository.paths.targets, dirname(path), `${digest}.${basename(path)}`);
      const bytes = await readFile(file).catch(() => undefined);
      const is = bytes && createHash('sha256').update(bytes).digest('hex');
      if (is !== digest) wrong.push(`${path} of ${timestamp} is not as posted`);
    }
  }
  return wrong;
}

function cpuOf(
  before: readonly InstanceProcess[],
  after: readonly InstanceProcess[],
  releases: number,
): Record<string, number> {
  const used: Record<string, number> = {};
  for (const { role, pid, cpuSeconds } of after) {
    const begun = before.find((process) => process.pid === pid)?.cpuSeconds ?? 0;
    used[role] = (used[role] ?? 0) + (cpuSeconds - begun) / releases;
  }
  return used;
}
