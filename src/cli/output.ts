import cliProgress from 'cli-progress';
import pc from 'picocolors';
import prettyBytes from 'pretty-bytes';
import { TuflineError } from '../errors/index.js';

export interface OutputOptions {
  readonly json: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A long piece of work that shows how far it is. */
export interface Progress {
  readonly total: (amount: number) => void;
  readonly add: (amount: number, doing?: string) => void;
  readonly stop: () => void;
}

const LINE_EVERY = 5000;

/** What a command says: results on stdout, everything on the way on stderr. */
export class Output {
  readonly isTerminal = process.stderr.isTTY;
  readonly #json: boolean;

  constructor(options: OutputOptions) {
    this.#json = options.json;
  }

  /** A result: text for people, or the one JSON document. */
  result(data: unknown, text: () => string): void {
    process.stdout.write(this.#json ? `${JSON.stringify(data, undefined, 2)}\n` : `${text()}\n`);
  }

  /** A line about what is going on. */
  note(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** A line that follows the work; on a terminal it replaces the one before. */
  status(line: string): void {
    process.stderr.write(this.isTerminal ? `\r\u001b[2K${line}` : `${line}\n`);
  }

  endStatus(): void {
    if (this.isTerminal) process.stderr.write('\r\u001b[2K');
  }

  /**
   * A bar on a terminal, a line every few seconds elsewhere.
   * @param inWords what an amount is called; bytes without it.
   */
  progress(title: string, inWords: (amount: number) => string = prettyBytes): Progress {
    if (!this.isTerminal) return linesOf(title, inWords);
    const bar = new cliProgress.SingleBar({
      format: `${title} {bar} {percentage} % {amount} {doing}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    });
    let done = 0;
    bar.start(1, 0, { amount: '', doing: '' });
    return {
      total: (amount) => {
        bar.setTotal(Math.max(1, amount));
      },
      add: (amount, doing = '') => {
        done += amount;
        bar.update(done, { amount: inWords(done), doing: doing.slice(-40) });
      },
      stop: () => {
        bar.stop();
      },
    };
  }
}

function linesOf(title: string, inWords: (amount: number) => string): Progress {
  let done = 0;
  let total = 0;
  let shown = Date.now();
  return {
    total: (amount) => (total = amount),
    add: (amount) => {
      done += amount;
      if (Date.now() - shown < LINE_EVERY) return;
      shown = Date.now();
      process.stderr.write(`${title}: ${inWords(done)}${total > 0 ? ` of ${inWords(total)}` : ''}\n`);
    },
    stop: () => undefined,
  };
}

/** Prints why a command failed: one sentence and what to do. @returns the exit code. */
export function reportFailure(error: unknown, debug: boolean): number {
  const known = error instanceof TuflineError;
  const sentence = known
    ? error.sentence
    : `Unexpected: ${error instanceof Error ? error.message : String(error)}.`;
  process.stderr.write(`${pc.red('error')}: ${sentence}\n`);
  if (!known && !debug) process.stderr.write('Run it again with --debug for the details.\n');
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  for (let cause = error; debug && cause instanceof Error; cause = cause.cause) {
    if (cause !== error) process.stderr.write(`caused by: ${cause.stack ?? cause.message}\n`);
  }
  return known && error.kind === 'usage' ? 2 : 1;
}

export { pc as colours, prettyBytes };
