import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import {
  STATE_OF_STEP,
  type Problem,
  type ReleaseState,
  type ReleaseStatus,
  type StepName,
  type StepStatus,
} from './messages.js';
import { FAILURE, STATE, TARGETS, TIMESTAMP_VERSION } from './search-attributes.js';

/** What a person sees of a release while it runs and afterwards: details, search attributes, memo, query. */
export class ReleaseProgress {
  #state: ReleaseState = 'claiming';
  #release: string | undefined;
  #files: number | undefined;
  #timestampVersion: number | undefined;
  #problem: Problem | undefined;
  readonly #steps: StepStatus[] = [];

  constructor(
    private readonly timestamp: string,
    private readonly title: string,
  ) {}

  get status(): ReleaseStatus {
    return {
      timestamp: this.timestamp,
      state: this.#state,
      ...(this.#release === undefined ? {} : { release: this.#release }),
      steps: this.#steps,
    };
  }

  /** Runs one step and records how long it took and what came of it. */
  async step<T>(name: StepName, run: () => Promise<T>, outcome: (result: T) => string): Promise<T> {
    this.#state = STATE_OF_STEP[name];
    const index = this.#steps.push({ step: name, startedAt: now() }) - 1;
    this.#show();
    const finish = (words: string): void => {
      const begun = this.#steps[index];
      if (begun) this.#steps[index] = { ...begun, finishedAt: now(), outcome: words };
    };
    try {
      const result = await run();
      finish(outcome(result));
      return result;
    } catch (error) {
      finish('did not succeed');
      throw error;
    }
  }

  claimed(release: string, files: number): void {
    this.#release = release;
    this.#files = files;
  }

  published(timestampVersion: number): void {
    this.#timestampVersion = timestampVersion;
  }

  failed(problem: Problem): void {
    this.#problem = problem;
  }

  /** The last state, and the details and search attributes as they stay: all attributes in one command. */
  end(state: ReleaseState): void {
    this.#state = state;
    upsertSearchAttributes([
      { key: STATE, value: state },
      ...(this.#files === undefined ? [] : [{ key: TARGETS, value: this.#files }]),
      ...(this.#timestampVersion === undefined
        ? []
        : [{ key: TIMESTAMP_VERSION, value: this.#timestampVersion }]),
      ...(this.#problem === undefined ? [] : [{ key: FAILURE, value: this.#problem.code }]),
    ]);
    this.#show();
  }

  #show(): void {
    const rows = this.#steps.map(
      ({ step, startedAt, finishedAt, outcome }) =>
        `| ${step} | ${startedAt.slice(11, 23)} | ${finishedAt === undefined ? '…' : seconds(startedAt, finishedAt)} | ${outcome ?? 'running'} |`,
    );
    const problem = this.#problem ? [`**${this.#problem.message}** ${this.#problem.remedy}`, ''] : [];
    setCurrentDetails(
      [
        `**${this.#state}**: ${this.title}`,
        '',
        ...problem,
        '| step | began | took | outcome |',
        '|---|---|---|---|',
        ...rows,
        '',
        'Times are in UTC.',
      ].join('\n'),
    );
  }
}

function now(): string {
  return new Date().toISOString();
}

function seconds(from: string, to: string): string {
  return `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(2)} s`;
}
