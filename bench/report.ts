import Table from 'cli-table3';
import prettyBytes from 'pretty-bytes';
import { percentile } from './figures.js';
import {
  writeRawData,
  type Figure,
  type LatencyPoint,
  type Machine,
  type PeerRun,
  type RawData,
  type ThroughputPoint,
} from './raw-data.js';
import type { StepTime } from './step-times.js';

/** Gathers what a run finds; written after each find, so that a long run that is broken off is not lost. */
export class Report {
  readonly #data: RawData;
  readonly #begun = performance.now();
  readonly #notes: string[] = [];

  constructor(
    private readonly path: string,
    machine: Machine,
  ) {
    this.#data = {
      version: 1,
      at: new Date().toISOString(),
      machine,
      figures: [],
      latency: [],
      peers: [],
      throughput: [],
      steps: [],
    };
  }

  get data(): RawData {
    return this.#data;
  }

  doing(what: string): void {
    const seconds = (performance.now() - this.#begun) / 1000;
    console.error(`[${seconds.toFixed(0).padStart(5)} s] ${what}`);
  }

  note(text: string): void {
    this.#notes.push(text);
    console.error(`        ${text}`);
  }

  figure(figure: Figure): void {
    this.#data.figures.push(figure);
    console.error(`        ${figure.name}: ${show(figure, 0.5)}`);
  }

  latency(point: LatencyPoint): void {
    this.#data.latency.push(point);
    console.error(`        ${point.who}: ${percentile(point.samples, 0.5).toFixed(1)} ms`);
  }

  throughput(point: ThroughputPoint): void {
    this.#data.throughput.push(point);
  }

  steps(run: string, times: readonly StepTime[]): void {
    this.#data.steps.push(...times.map((time) => ({ run, ...time })));
  }

  /** @param ours milliseconds of our releases between those of the peer. */
  peer(run: PeerRun, ours: readonly number[]): void {
    this.#data.peers.push(run);
    const theirs = percentile(
      run.releases.map(({ milliseconds }) => milliseconds),
      0.5,
    );
    const layout = `${run.targets.toLocaleString('en')} targets, ${run.bins > 0 ? `${run.bins.toLocaleString('en')} bins` : 'flat'}`;
    const atLeast = run.bins > 0 ? 5 : 10;
    this.figure({
      name: `${run.name}, ${layout}`,
      unit: 'ms',
      samples: run.releases.map(({ milliseconds }) => milliseconds),
    });
    this.figure({
      name: `${run.name} takes so many times as long, ${layout}`,
      unit: '×',
      samples: [theirs / percentile(ours, 0.5)],
      goal: { bound: 'at least', value: atLeast, share: 0.5 },
      note: `ours between theirs: ${percentile(ours, 0.5).toFixed(1)} ms`,
    });
    this.figure({
      name: `${run.name}, peak resident memory, ${layout}`,
      unit: 'B',
      samples: [Math.max(...run.releases.map(({ peakBytes }) => peakBytes))],
    });
  }

  /** Writes the raw data as they are now. */
  async save(): Promise<void> {
    await writeRawData(this.path, this.#data);
  }

  /** The one table, Markdown when `markdown`. */
  table(): string {
    const table = new Table({
      head: ['figure', 'p5', 'median', 'p95', 'n', 'goal', ''],
      style: { head: [], border: [], compact: true },
      colAligns: ['left', 'right', 'right', 'right', 'right', 'left', 'left'],
    });
    for (const figure of this.#figures()) table.push(rowOf(figure));
    return [table.toString(), ...this.#notes].join('\n');
  }

  markdown(): string {
    const rows = this.#figures().map((figure) => `| ${rowOf(figure).join(' | ')} |`);
    return ['| figure | p5 | median | p95 | n | goal | |', '|---|--:|--:|--:|--:|---|---|', ...rows].join(
      '\n',
    );
  }

  #figures(): Figure[] {
    const latencies = this.#data.latency.map(({ who, targets, bins, samples }): Figure => {
      const layout = `${targets.toLocaleString('en')} targets, ${bins > 0 ? `${bins.toLocaleString('en')} bins` : 'flat'}`;
      const isLibrary = who !== 'tufline' && bins > 0;
      return {
        name: `${who}, ${layout}`,
        unit: 'ms',
        samples,
        ...(isLibrary ? { goal: { bound: 'at most' as const, value: 20, share: 0.5 } } : {}),
      };
    });
    return [...latencies, ...this.#data.figures];
  }
}

function rowOf(figure: Figure): string[] {
  const { name, samples, goal, note } = figure;
  const met = goal && isMet(goal, percentile(samples, goal.share));
  return [
    note === undefined ? name : `${name} (${note})`,
    show(figure, 0.05),
    show(figure, 0.5),
    show(figure, 0.95),
    String(samples.length),
    goal ? `${goal.bound === 'at most' ? '≤' : '≥'} ${inUnit(goal.value, figure.unit)}` : '',
    met === undefined ? '' : met ? 'met' : 'not met',
  ];
}

function isMet({ bound, value }: NonNullable<Figure['goal']>, is: number): boolean {
  return bound === 'at most' ? is <= value : is >= value;
}

function show({ samples, unit }: Figure, share: number): string {
  return inUnit(percentile(samples, share), unit);
}

function inUnit(value: number, unit: string): string {
  if (unit === 'B') return prettyBytes(value, { binary: true });
  if (unit === 'B/s') return `${prettyBytes(value)}/s`;
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}
