import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { describeMachine } from './machine.js';
import { writePlots } from './plots/index.js';
import { Report } from './report.js';
import { besidePeers, library } from './library.js';
import { large, road, verify } from './sections.js';

const SECTIONS = ['library', 'peers', 'verify', 'road', 'sustained', 'large'] as const;
type Section = (typeof SECTIONS)[number];

/**
 * `npm run bench`: every figure that docs/performance.md shows, in one run: releases without Temporal at growing numbers
 * of targets, peers beside them, the whole road through the embedded server, large releases. One table at the end; raw
 * data and plots in a directory. `--short` does the same with little of everything.
 */
const program = new Command('npm run bench --')
  .option('--short', 'little of everything, in some minutes')
  .addOption(new Option('--only <SECTION...>', 'these sections only').choices([...SECTIONS]))
  .option('--minutes <M>', 'of sustained releases', '5')
  .option('--out <DIR>', 'where raw data, table and plots go', 'bench-results')
  .option('--work <DIR>', 'where repositories are made: on the disk that is to be measured', tmpdir())
  .option('--server <HOST:PORT>', 'a Temporal server that is there already, instead of the embedded one')
  .option('--server-name <NAME>', 'how that server is called in tables and plots', 'another server')
  .option('--memory <DIR>', 'another file system, from which large releases come', '/dev/shm')
  .parse();
const options = program.opts<{
  readonly short?: boolean;
  readonly only?: Section[];
  readonly minutes: string;
  readonly out: string;
  readonly work: string;
  readonly memory: string;
  readonly server?: string;
  readonly serverName: string;
}>();
if (options.server !== undefined) process.env.TEMPORAL_ADDRESS = options.server;
const server = options.server === undefined ? 'embedded server' : options.serverName;

const MEGABYTE = 1024 * 1024;
const isShort = options.short ?? false;
const minutes = Number(options.minutes);
const work = await mkdtemp(join(options.work, 'tufline-bench-'));
const wants = (section: Section): boolean => options.only?.includes(section) ?? true;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void rm(work, { recursive: true, force: true }).finally(() => process.exit(1)));

await mkdir(options.out, { recursive: true });
const report = new Report(join(options.out, 'raw-data.json'), await describeMachine(work));
try {
  for (const measure of plan()) {
    await measure();
    await report.save();
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
const { machine } = report.data;
console.log(
  `\n${String(machine.cores)} × ${machine.cpu}, ${String(Math.round(machine.memoryBytes / 1e9))} GB, ${machine.system}, Node ${machine.node}, ${machine.fileSystem}, load ${machine.load.toFixed(1)} at the beginning`,
);
console.log(report.table());
await writeFile(join(options.out, 'table.md'), `${report.markdown()}\n`);
const plots = await writePlots(report.data, options.out, { latency: 20, throughput: 20 });
console.log(`\nRaw data, table and plots: ${[join(options.out, 'raw-data.json'), ...plots].join(', ')}`);

function plan(): (() => Promise<void>)[] {
  const large6M = isShort ? { targets: 20_000, bins: 256 } : { targets: 6_000_000, bins: 16_384 };
  const small = { targets: 1000, bins: 16 };
  const releases = isShort ? 10 : 40;
  const measures: (() => Promise<void>)[] = [];
  const add = (section: Section, measure: () => Promise<void>): void => {
    if (wants(section)) measures.push(measure);
  };
  const layouts = isShort
    ? [small, large6M]
    : [small, { targets: 100_000, bins: 1024 }, { targets: 1_000_000, bins: 16_384 }, large6M];
  add('library', () => library(work, report, layouts, releases));
  const peers = isShort
    ? [{ targets: 5000, bins: 64 }]
    : [
        { targets: 1000, bins: 0 },
        { targets: 100_000, bins: 0 },
        { targets: 100_000, bins: 256 },
        { targets: 1_000_000, bins: 16_384 },
      ];
  for (const layout of peers) add('peers', () => besidePeers(work, report, layout, isShort ? 3 : 15));
  const verified = isShort ? large6M : { targets: 1_000_000, bins: 16_384 };
  add('verify', () => verify(work, report, verified));
  for (const layout of [small, large6M])
    add('road', () => road(work, report, layout, { releases, sustain: 0, concurrency: 1, server }));
  for (const concurrency of isShort ? [8] : [1, 4, 16]) {
    const seconds = isShort ? 15 : 40;
    add('sustained', () => road(work, report, small, { releases: 0, sustain: seconds, concurrency, server }));
  }
  if (!isShort)
    add('sustained', () =>
      road(work, report, large6M, { releases: 0, sustain: minutes * 60, concurrency: 32, server }),
    );
  add('large', () =>
    large(
      work,
      options.memory,
      report,
      isShort ? { files: 2000, bytes: 64 * MEGABYTE } : { files: 100_000, bytes: 4096 * MEGABYTE },
    ),
  );
  return measures;
}
