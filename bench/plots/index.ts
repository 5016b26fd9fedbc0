import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { RawData } from '../raw-data.js';
import { latencyPlot } from './latency.js';
import { stepsPlot } from './steps.js';
import { STYLE } from './style.js';
import { throughputPlot } from './throughput.js';

/** Goals that are drawn as lines. */
export interface PlotGoals {
  /** Milliseconds. */
  readonly latency?: number;
  /** Releases per second. */
  readonly throughput?: number;
}

/**
 * Draws `latency.svg`, `throughput.svg` and `steps.svg` for docs/performance.md; one of which the data has nothing is left
 * out. SVG alone: browsers and code hosts show it, and a bitmap would need a canvas that is built or downloaded.
 *
 * @returns the paths of what was written.
 */
export async function writePlots(data: RawData, directory: string, goals: PlotGoals = {}): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const plots: [name: string, spec: TopLevelSpec][] = [];
  if (data.latency.length + data.peers.length > 0) plots.push(['latency', latencyPlot(data, goals.latency)]);
  if (data.throughput.length > 0) plots.push(['throughput', throughputPlot(data, goals.throughput)]);
  if (data.steps.length > 0) plots.push(['steps', stepsPlot(data)]);
  const written: string[] = [];
  for (const [name, spec] of plots) {
    const path = join(directory, `${name}.svg`);
    await writeFile(path, `${await svgOf(spec)}\n`);
    written.push(path);
  }
  return written;
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec, { config: STYLE }).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
