import Table from 'cli-table3';
import prettyBytes from 'pretty-bytes';
import { percentile } from './figures.js';
import { inWords } from './layout.js';
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

/** Targets from which on tufline has to be faster than its peers, and to need much less memory. */
const [LARGE, LARGEST] = [100_000, 1_000_000];

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

  /** @param ours the median of our releases between those of the peer, and our peak of memory. */
  peer(run: PeerRun, ours: { readonly milliseconds: number; readonly peakBytes: number }): void {
    this.#data.peers.push(run);
    const milliseconds = run.releases.map((release) => release.milliseconds);
    const peakBytes = Math.max(...run.releases.map((release) => release.peakBytes));
    const layout = inWords(run);
    this.figure({ name: `${run.name}, ${layout}`, unit: 'ms', samples: milliseconds });
    const atLeast = run.bins > 0 ? (run.targets >= LARGEST ? 5 : undefined) : flatGoal(run);
    this.figure({
      name: `${run.name} takes so many times as long as tufline without Temporal, ${layout}`,
      unit: '×',
      samples: [percentile(milliseconds, 0.5) / ours.milliseconds],
      ...(atLeast === undefined ? {} : { goal: { bound: 'at least', value: atLeast, share: 0.5 } }),
    });
    this.figure({ name: `${run.name}, peak resident memory, ${layout}`, unit: 'B', samples: [peakBytes] });
    this.figure({
      name: `${run.name} needs so many times as much memory, ${layout}`,
      unit: '×',
      samples: [peakBytes / ours.peakBytes],
      ...(run.targets >= LARGEST && run.bins > 0
        ? { goal: { bound: 'at least', value: 10, share: 0.5 } }
        : {}),
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
      const isLibrary = who !== 'tufline' && bins > 0;
      return {
        name: `${who}, ${inWords({ targets, bins })}`,
        unit: 'ms',
        samples,
        ...(isLibrary ? { goal: { bound: 'at most' as const, value: 20, share: 0.5 } } : {}),
      };
    });
    return [...latencies, ...this.#data.figures];
  }
}

/** Flat, only python-tuf was set as a mark. */
function flatGoal({ name, targets }: PeerRun): number | undefined {
  return name === 'python-tuf' && targets >= LARGE ? 10 : undefined;
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
