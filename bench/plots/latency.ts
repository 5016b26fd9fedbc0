import type { TopLevelSpec } from 'vega-lite';
import { milliseconds, percentile } from '../figures.js';
import type { RawData } from '../raw-data.js';
import { linesPlot, type Point } from './lines.js';
import { machineOf } from './style.js';

/** How long a release takes, against the number of targets. */
export function latencyPlot(data: RawData, goal: number | undefined): TopLevelSpec {
  const points = fastest(pointsOf(data));
  const largest = Math.max(...points.map(({ x }) => x));
  return linesPlot(points, {
    title: 'One release, by number of targets',
    subtitle: `Median, and 5th to 95th percentile. ${machineOf(data)}.`,
    x: {
      type: 'quantitative',
      title: 'targets in the repository',
      scale: { type: 'log', nice: false, padding: 20 },
      axis: { values: [...decades(2, 8), largest], format: '~s' },
    },
    y: {
      type: 'quantitative',
      title: 'time of a release',
      scale: { type: 'log' },
      axis: {
        values: decades(-1, 6),
        labelExpr: "datum.value >= 1000 ? datum.value / 1000 + ' s' : datum.value + ' ms'",
      },
    },
    goal:
      goal === undefined
        ? undefined
        : { value: goal, text: `goal: at most ${milliseconds(goal)}`, side: 'right' },
  });
}

/** On a logarithmic axis, lines in between say nothing and hide the data. */
function decades(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, power) => 10 ** (from + power));
}

function pointsOf({ latency, peers }: RawData): Point[] {
  const kind = (bins: number): string => (bins === 0 ? 'flat' : 'in hash bins');
  return [
    ...latency.map(({ who, targets, bins, samples }) => ({
      series: who,
      kind: kind(bins),
      x: targets,
      samples,
    })),
    ...peers.map(({ name, targets, bins, releases }) => ({
      series: name,
      kind: kind(bins),
      x: targets,
      samples: releases.map(({ milliseconds }) => milliseconds),
    })),
  ];
}

/** Where one number of targets was measured in several layouts, the one that its owner would choose. */
function fastest(points: readonly Point[]): Point[] {
  const best = new Map<string, Point>();
  for (const point of points) {
    const key = [point.series, point.kind, point.x].join('\n');
    const before = best.get(key);
    if (!before || percentile(point.samples, 0.5) < percentile(before.samples, 0.5)) best.set(key, point);
  }
  return [...best.values()];
}
