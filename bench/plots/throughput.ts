import type { TopLevelSpec } from 'vega-lite';
import type { RawData } from '../raw-data.js';
import { linesPlot } from './lines.js';
import { machineOf } from './style.js';

/** Releases per second, against how many may run at once. */
export function throughputPlot(data: RawData, goal: number | undefined): TopLevelSpec {
  const points = data.throughput.map(({ series, concurrency, samples }) => ({
    series,
    kind: '',
    x: concurrency,
    samples,
  }));
  return linesPlot(points, {
    title: 'Releases a second, by how many may run at once',
    subtitle: `Median, and 5th to 95th percentile. ${machineOf(data)}.`,
    x: {
      type: 'quantitative',
      title: 'max_concurrent_releases',
      scale: { type: 'log', base: 2, nice: false, padding: 20 },
      axis: { values: [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b), format: 'd' },
    },
    y: { type: 'quantitative', title: 'releases a second', scale: { zero: true, nice: true } },
    goal:
      goal === undefined
        ? undefined
        : { value: goal, text: `goal: at least ${String(goal)} a second`, side: 'left' },
  });
}
