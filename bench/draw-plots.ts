import { readRawData } from './raw-data.js';
import { writePlots } from './plots/index.js';

/** `tsx bench/draw-plots.ts RAW DIRECTORY`: draws the plots of a run again. */
const [raw, directory] = process.argv.slice(2);
if (raw === undefined || directory === undefined) throw new Error('usage: draw-plots.ts RAW DIRECTORY');
console.log(
  (await writePlots(await readRawData(raw), directory, { latency: 20, throughput: 20 })).join('\n'),
);
