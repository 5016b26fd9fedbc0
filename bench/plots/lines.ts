import type { TopLevelSpec } from 'vega-lite';
import { percentile } from '../figures.js';
import { WIDTH } from './style.js';

export interface Point {
  readonly x: number;
  readonly samples: readonly number[];
  /** Its line, and what kind of line that is: drawn through or dashed. */
  readonly series: string;
  readonly kind: string;
}

// vega-lite's door exports the whole alone; its parts are taken from that.
type Layer = Extract<TopLevelSpec, { layer: unknown }>;
type Unit = Exclude<Layer['layer'][number], { layer: unknown }>;
type Encoding = NonNullable<Unit['encoding']>;
type Position = Omit<Extract<Encoding['x'], { axis?: unknown; bin?: unknown }>, 'field'>;

/** A line across, with its text at the side where there is room. */
interface Goal {
  readonly value: number;
  readonly text: string;
  readonly side: 'left' | 'right';
}

export interface LinesLook {
  readonly title: string;
  readonly subtitle: string;
  readonly x: Position;
  readonly y: Position;
  readonly goal?: Goal | undefined;
}

/** Lines through medians, with a bar from the 5th to the 95th percentile of the samples at each point. */
export function linesPlot(points: readonly Point[], { title, subtitle, y, goal, ...look }: LinesLook): Layer {
  const x: Encoding['x'] & object = { ...look.x, field: 'x' };
  const values = points.map(({ x, samples, series, kind }) => ({
    x,
    series,
    kind,
    median: percentile(samples, 0.5),
    low: percentile(samples, 0.05),
    high: percentile(samples, 0.95),
  }));
  const unique = (field: 'series' | 'kind'): string[] => [...new Set(values.map((value) => value[field]))];
  const kinds = unique('kind');
  const color = {
    field: 'series',
    type: 'nominal',
    scale: { domain: unique('series') },
    legend: { title: null, symbolType: 'stroke', symbolStrokeWidth: 3, symbolSize: 500 },
  } as const;
  const strokeDash = {
    field: 'kind',
    type: 'nominal',
    scale: { domain: kinds, range: [[], [7, 4]].slice(0, kinds.length) },
    legend: kinds.length > 1 ? ({ title: null, symbolStrokeWidth: 2, symbolSize: 900 } as const) : null,
  } as const;
  const data: Unit[] = [
    {
      mark: { type: 'line', strokeWidth: 2.5 },
      encoding: { x, y: { ...y, field: 'median' }, color, strokeDash },
    },
    {
      mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.7 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
    },
    {
      mark: { type: 'point', filled: true, size: 70, opacity: 1 },
      encoding: { x, y: { ...y, field: 'median' }, color },
    },
  ];
  return {
    title: { text: title, subtitle },
    width: WIDTH,
    height: 380,
    data: { values },
    layer: [...data, ...(goal ? goalLayers(goal) : [])],
  };
}

function goalLayers({ value, text, side }: Goal): Unit[] {
  return [
    {
      data: { values: [{}] },
      mark: { type: 'rule', color: '#555', strokeDash: [2, 4] },
      encoding: { y: { datum: value } },
    },
    {
      data: { values: [{}] },
      // On the side on which a goal is met: on the other one are the points that are still far.
      mark: {
        type: 'text',
        align: side,
        ...(side === 'left' ? { baseline: 'bottom', dy: -4 } : { baseline: 'top', dy: 4 }),
        fontSize: 13,
        color: '#555',
      },
      encoding: { y: { datum: value }, x: { value: side === 'left' ? 4 : WIDTH }, text: { value: text } },
    },
  ];
}
