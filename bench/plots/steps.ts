import type { TopLevelSpec } from 'vega-lite';
import { percentile } from '../figures.js';
import type { RawData } from '../raw-data.js';
import { COLOURS, machineOf, WIDTH } from './style.js';

const PARTS = ['waiting for a worker', 'work'] as const;

/** Where the time of a release goes: a bar for each step, one block of bars for each run. */
export function stepsPlot(data: RawData): TopLevelSpec {
  const steps = [...new Set(data.steps.map(({ step }) => step))];
  const runs = [...new Set(data.steps.map(({ run }) => run))];
  const values = runs.flatMap((run) =>
    steps.flatMap((step) => {
      const of = data.steps.filter((sample) => sample.run === run && sample.step === step);
      const median = (times: number[]): number => (times.length === 0 ? 0 : percentile(times, 0.5));
      const wait = median(of.map(({ wait }) => wait));
      const work = median(of.map(({ work }) => work));
      return [
        { run, step, part: PARTS[0], order: 0, time: wait, end: wait + work },
        { run, step, part: PARTS[1], order: 1, time: work, end: wait + work },
      ];
    }),
  );
  const y = { field: 'step', type: 'nominal', sort: steps, title: null, axis: { ticks: false } } as const;
  return {
    title: { text: 'Where the time of a release goes', subtitle: `Medians. ${machineOf(data)}.` },
    data: { values },
    facet: {
      row: { field: 'run', type: 'nominal', sort: runs, title: null, header: { labelOrient: 'top' } },
    },
    spec: {
      width: WIDTH,
      height: { step: 30 },
      layer: [
        {
          mark: { type: 'bar', height: 20 },
          encoding: {
            x: {
              field: 'time',
              type: 'quantitative',
              stack: 'zero',
              title: 'milliseconds',
              // Room for the figure behind the longest bar.
              scale: { domainMax: 1.08 * Math.max(...values.map(({ end }) => end)) },
            },
            y,
            order: { field: 'order', type: 'quantitative' },
            color: {
              field: 'part',
              type: 'nominal',
              scale: { domain: [...PARTS], range: ['#bdbdbd', COLOURS[0] ?? ''] },
              legend: { title: null, orient: 'top' },
            },
          },
        },
        {
          transform: [{ filter: 'datum.order === 1' }],
          mark: { type: 'text', align: 'left', dx: 5, fontSize: 12, color: '#444' },
          encoding: {
            x: { field: 'end', type: 'quantitative' },
            y,
            text: { field: 'end', type: 'quantitative', format: '.1f' },
          },
        },
      ],
    },
  };
}
