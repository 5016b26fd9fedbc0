import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openRepository, verifyRepository } from '../src/repository/index.js';
import { makeInstance } from './instance.js';
import { measureLargeFile, measureSmallFiles } from './large-releases.js';
import { hashBinsOf, inWords, SNAPSHOT_ENTRIES, type Layout } from './layout.js';
import { makePopulated } from './populated.js';
import { population } from './population/index.js';
import type { Report } from './report.js';
import { startRoad } from './road.js';

const KILOBYTE = 1024;
const MEGABYTE = 1024 * KILOBYTE;

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
  /** Which Temporal server: `embedded server`. */
  readonly server: string;
}

/** The whole road through the embedded Temporal server: one at a time, or sustained. */
export async function road(
  directory: string,
  report: Report,
  layout: Layout,
  { releases, sustain, concurrency, server }: RoadOptions,
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
      report.throughput({ series: server, concurrency, samples: [...result.perSecond] });
      const cpu = Object.entries(result.cpuPerRelease)
        .map(([role, seconds]) => `${role} ${(seconds * 1000).toFixed(1)}`)
        .join(', ');
      report.figure({
        name: `sustained, ${server}, ${what}, ${result.seconds.toFixed(0)} s, ${String(result.releases)} releases, ${String(result.wrong.length)} wrong`,
        unit: 'releases/s',
        samples: [...result.perSecond],
        ...(concurrency >= 32 ? { goal: { bound: 'at least', value: 20, share: 0.5 } } : {}),
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
  for (let run = 0; run < 5; run++) {
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
