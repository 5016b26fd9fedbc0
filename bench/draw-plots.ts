import { readRawData, type RawData } from './raw-data.js';
import { writePlots } from './plots/index.js';

/** `tsx bench/draw-plots.ts DIRECTORY RAW…`: draws the plots of runs again, several into the same plots. */
const [directory, ...files] = process.argv.slice(2);
if (directory === undefined || files.length === 0) throw new Error('usage: draw-plots.ts DIRECTORY RAW…');
const runs: RawData[] = [];
for (const file of files) runs.push(await readRawData(file));
const [first] = runs;
if (!first) throw new Error('no run');
const all: RawData = {
  ...first,
  figures: runs.flatMap(({ figures }) => figures),
  latency: runs.flatMap(({ latency }) => latency),
  peers: runs.flatMap(({ peers }) => peers),
  throughput: runs.flatMap(({ throughput }) => throughput),
  steps: runs.flatMap(({ steps }) => steps),
};
console.log((await writePlots(all, directory, { latency: 20, throughput: 20 })).join('\n'));
