import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openRepository, verifyRepository, type HashBins } from '../src/repository/index.js';
import { makeInstance } from './instance.js';
import { measureLargeFile, measureSmallFiles } from './large-releases.js';
import { libraryTimes } from './library.js';
import { startPeer, type PeerName } from './peers/index.js';
import { makePopulated, type Populated } from './populated.js';
import { population, type Population } from './population/index.js';
import type { PeerRun } from './raw-data.js';
import type { Report } from './report.js';
import { startRoad } from './road.js';
import { writeFiles } from './write-files.js';

/** How many targets, in how many bins; 0 bins keep all in one file. */
export interface Layout {
  readonly targets: number;
  readonly bins: number;
}

const SNAPSHOT_ENTRIES = 'version';
const PEERS: readonly PeerName[] = ['python-tuf', 'go-tuf'];
const KILOBYTE = 1024;
const MEGABYTE = 1024 * KILOBYTE;

export function inWords({ targets, bins }: Layout): string {
  return `${targets.toLocaleString('en')} targets${bins > 0 ? ` in ${bins.toLocaleString('en')} bins` : ', flat'}`;
}

function hashBinsOf({ bins }: Layout): HashBins | undefined {
  return bins > 0 ? { count: bins, style: 'succinct' } : undefined;
}

/** Signing and publishing of releases of two files without Temporal, beside peers that have the same targets. */
export async function library(
  directory: string,
  report: Report,
  layout: Layout,
  { releases, peers }: { readonly releases: number; readonly peers: boolean },
): Promise<void> {
  const place = join(directory, `library-${String(layout.targets)}-${String(layout.bins)}`);
  const targets = population(layout.targets);
  report.doing(`library: ${inWords(layout)}`);
  const made = await makePopulated(join(place, 'tufline'), targets, hashBinsOf(layout), SNAPSHOT_ENTRIES);
  const times = await libraryTimes(join(place, 'tufline'), made, targets, { releases, bytes: KILOBYTE });
  report.latency({ who: 'tufline without Temporal', ...layout, samples: times.map(({ total }) => total) });
  for (const part of ['stage', 'targets', 'snapshot', 'timestamp'] as const) {
    report.figure({
      name: `library, ${inWords(layout)}: ${part}`,
      unit: 'ms',
      samples: times.map((time) => time[part]),
    });
  }
  if (peers) await besidePeers(place, report, layout, made, targets);
  await rm(place, { recursive: true });
}

/** Ours and each peer's in turn, release after release, with the same files: what the machine does beside hits both. */
async function besidePeers(
  place: string,
  report: Report,
  layout: Layout,
  made: Populated,
  targets: Population,
): Promise<void> {
  for (const name of PEERS) {
    report.doing(`${name}: ${inWords(layout)}`);
    const style = layout.bins > 0 ? 'succinct' : 'flat';
    const peer = await startPeer(name, {
      directory: join(place, name),
      ...layout,
      style,
      snapshotEntries: SNAPSHOT_ENTRIES,
    });
    if (!peer) {
      report.note(`${name} is not installed here`);
      continue;
    }
    const run: PeerRun = {
      name,
      ...layout,
      style,
      snapshotEntries: SNAPSHOT_ENTRIES,
      setupMilliseconds: peer.setup.milliseconds,
      releases: [],
    };
    const ours: number[] = [];
    for (let number = 0; number < 7; number++) {
      const files = await writeFiles(
        join(place, 'files', name, String(number)),
        targets,
        1000 + number,
        KILOBYTE,
      );
      const released = await peer.release(files);
      const [time] = await libraryTimes(join(place, `tufline-${name}`), made, targets, {
        releases: 1,
        bytes: KILOBYTE,
        warmUp: 1,
        first: (PEERS.indexOf(name) + 1) * 100_000 + number * 10,
      });
      if (number < 2) continue;
      run.releases.push(released);
      if (time) ours.push(time.total);
    }
    await peer.stop();
    report.peer(run, ours);
  }
}

/** `verify` of the metadata of so many targets. */
export async function verify(directory: string, report: Report, layout: Layout): Promise<void> {
  const place = join(directory, 'verify');
  report.doing(`verify: ${inWords(layout)}`);
  const { options } = await makePopulated(
    place,
    population(layout.targets),
    hashBinsOf(layout),
    SNAPSHOT_ENTRIES,
  );
  const seconds: number[] = [];
  for (let run = 0; run < 3; run++) {
    const begun = performance.now();
    const findings = await verifyRepository(openRepository(options), { metadataOnly: true });
    if (findings.length > 0) throw new Error(findings[0]?.message);
    seconds.push((performance.now() - begun) / 1000);
  }
  report.figure({
    name: `verify --metadata-only, ${inWords(layout)}`,
    unit: 's',
    samples: seconds,
    goal: { bound: 'at most', value: 30, share: 0.5 },
  });
  await rm(place, { recursive: true });
}

export interface RoadOptions {
  readonly releases: number;
  /** Seconds of sustained releases; 0: none. */
  readonly sustain: number;
  readonly concurrency: number;
}

/** The whole road through the embedded Temporal server: one at a time, or sustained. */
export async function road(
  directory: string,
  report: Report,
  layout: Layout,
  { releases, sustain, concurrency }: RoadOptions,
): Promise<void> {
  const place = join(directory, `road-${String(layout.targets)}-${String(concurrency)}`);
  const targets = population(layout.targets);
  const what = `${inWords(layout)}, ${concurrency === 1 ? 'one at a time' : `${String(concurrency)} at once`}`;
  report.doing(`through Temporal: ${what}`);
  const config = await makeInstance(place, {
    population: targets,
    hashBins: hashBinsOf(layout),
    snapshotEntries: SNAPSHOT_ENTRIES,
    maxConcurrentReleases: concurrency,
  });
  const running = await startRoad(config, targets);
  try {
    const samples: number[] = [];
    for (let number = 0; number < releases + 3; number++) {
      const { took, steps } = await running.release(number, KILOBYTE);
      if (number < 3) continue; // Warm-up.
      samples.push(took);
      report.steps(what, steps);
    }
    if (samples.length > 0) {
      report.latency({ who: 'tufline', ...layout, samples });
      for (const [share, value] of [
        [0.5, 200],
        [0.95, 400],
      ] as const) {
        report.figure({
          name: `ready → published, ${what}: p${String(share * 100)}`,
          unit: 'ms',
          samples,
          goal: { bound: 'at most', value, share },
        });
      }
    }
    if (sustain > 0) {
      const result = await running.sustain({ seconds: sustain, bytes: KILOBYTE, first: 1000 });
      for (const sentence of result.wrong.slice(0, 10)) report.note(`WRONG: ${sentence}`);
      report.throughput({ series: 'embedded server', concurrency, samples: [...result.perSecond] });
      const cpu = Object.entries(result.cpuPerRelease)
        .map(([role, seconds]) => `${role} ${(seconds * 1000).toFixed(1)}`)
        .join(', ');
      report.figure({
        name: `sustained, ${what}, ${result.seconds.toFixed(0)} s, ${String(result.releases)} releases, ${String(result.wrong.length)} wrong`,
        unit: 'releases/s',
        samples: [...result.perSecond],
        goal: { bound: 'at least', value: 20, share: 0.5 },
        note: `core milliseconds for each release: ${cpu}`,
      });
    }
    for (const { role, peakBytes } of await running.processes()) {
      if (role === 'server') continue;
      report.figure({
        name: `${role} worker, peak resident memory, ${what}`,
        unit: 'B',
        samples: [peakBytes],
        goal: { bound: 'at most', value: (role === 'targets' ? 256 : 200) * MEGABYTE, share: 0.5 },
      });
    }
  } finally {
    await running.stop();
  }
  await rm(place, { recursive: true });
}

/** One directory of many small files, and one with a large file from another file system, without Temporal. */
export async function large(
  directory: string,
  memory: string,
  report: Report,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): Promise<void> {
  const places = { source: memory, target: directory };
  report.doing(`one directory of ${files.toLocaleString('en')} files of 1 KB`);
  const small = await measureSmallFiles(places, files);
  const seconds = small.claim + small.move + small.stage;
  report.figure({
    name: `one directory of ${files.toLocaleString('en')} files of 1 KB: claim, move, hashed again and staged`,
    unit: 'files/s',
    samples: [files / seconds],
    goal: { bound: 'at least', value: 2000, share: 0.5 },
    note: `move ${(files / small.move).toFixed(0)}/s, staging ${(files / small.stage).toFixed(0)}/s, peak memory ${String(Math.round(small.memory / MEGABYTE))} MiB`,
  });
  report.doing('a large file');
  const moves: number[] = [];
  const wholes: number[] = [];
  const speeds: number[] = [];
  for (let run = 0; run < 3; run++) {
    const { cp, claim, move, stage } = await measureLargeFile(places, bytes);
    moves.push(cp / move);
    wholes.push(cp / (claim + move + stage));
    speeds.push(bytes / move);
  }
  const size = `${String(Math.round(bytes / MEGABYTE))} MiB across file systems`;
  report.figure({ name: `move of one file of ${size}`, unit: 'B/s', samples: speeds });
  report.figure({
    name: `the same, against cp and fsync of it`,
    unit: '×',
    samples: moves,
    goal: { bound: 'at least', value: 0.8, share: 0.5 },
  });
  report.figure({
    name: `the whole release of it (read and hashed again), against cp and fsync`,
    unit: '×',
    samples: wholes,
    goal: { bound: 'at least', value: 0.4, share: 0.5 },
  });
}
