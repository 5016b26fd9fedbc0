import { Context, heartbeat } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { isSystemError, ioError, TuflineError } from '../errors/index.js';
import type { Progress } from '../workflows/messages.js';

const HEARTBEAT_EVERY = 2000;
/** Whoever waits for others looks again soon, and less often as time goes by. */
const WAITING_RETRY = [
  { until: 3_000, every: 300 },
  { until: 60_000, every: 1_000 },
  { until: Infinity, every: 5_000 },
] as const;
/** Trouble of this release alone, which nobody may ever put right. */
const GIVEN_UP = ['file-trouble', 'claim-gone'];

/** What a running step reports; the heartbeats carry it to whoever looks. */
export interface StepReport {
  readonly signal: AbortSignal;
  /** Merged into the progress so far. */
  readonly update: (progress: Partial<Progress>) => void;
  readonly addBytes: (bytes: number) => void;
  readonly addFile: (path: string) => void;
}

export interface StepRules {
  /** Trouble that sticks to one file becomes permanent after this long, in milliseconds. */
  readonly giveUpAfter?: number;
  /** After the commit nothing is permanent: whatever is wrong is tried again until somebody has put it right. */
  readonly rollForward?: boolean;
  /** Codes that the workflow has an answer to: not tried again here. */
  readonly answered?: readonly string[];
}

/**
 * Runs one step as a Temporal activity: heartbeats with progress while it runs, and failures in the one form that
 * workflow, UI and `tufline-error.json` share. This is the only place that says what is tried again.
 */
export async function runStep<T>(rules: StepRules, run: (report: StepReport) => Promise<T>): Promise<T> {
  const context = Context.current();
  let progress: Progress = { files: 0, bytes: 0 };
  const beat = setInterval(() => {
    heartbeat(progress);
  }, HEARTBEAT_EVERY);
  try {
    return await run({
      signal: context.cancellationSignal,
      update: (changes) => (progress = { ...progress, ...changes }),
      addBytes: (bytes) => (progress = { ...progress, bytes: progress.bytes + bytes }),
      addFile: (path) => (progress = { ...progress, files: progress.files + 1, doing: path.slice(0, 200) }),
    });
  } catch (error) {
    if (context.cancellationSignal.aborted)
      throw new CancelledFailure('The step was cancelled.', [], error instanceof Error ? error : undefined);
    throw toFailure(error, rules, Date.now() - context.info.scheduledTimestampMs);
  } finally {
    clearInterval(beat);
  }
}

/** @param age milliseconds since the step was tried first. */
export function toFailure(error: unknown, rules: StepRules, age: number): ApplicationFailure {
  const known = isSystemError(error) ? ioError(error, error.syscall ?? 'use', error.path ?? '') : error;
  if (!(known instanceof TuflineError)) {
    const message = known instanceof Error ? known.message : String(known);
    return ApplicationFailure.create({
      message: `Unexpected: ${message}. This is a fault of the program; the step is tried again by itself.`,
      type: 'unexpected',
      ...(known instanceof Error ? { cause: known } : {}),
    });
  }
  const { code, kind, message, remedy } = known;
  const isGivenUp = GIVEN_UP.includes(code) && rules.giveUpAfter !== undefined && age > rules.giveUpAfter;
  const isPermanent = !rules.rollForward && (kind === 'permanent' || isGivenUp);
  const isAnswered = rules.answered?.includes(code) ?? false;
  return ApplicationFailure.create({
    message: known.sentence,
    type: code,
    nonRetryable: isPermanent || isAnswered,
    details: [{ message, remedy }],
    // Nothing is wrong then: no warning in the log of the worker.
    ...(code === 'waiting'
      ? { nextRetryDelay: waitingRetry(age), category: ApplicationFailureCategory.BENIGN }
      : {}),
  });
}

function waitingRetry(age: number): number {
  return WAITING_RETRY.find(({ until }) => age < until)?.every ?? 1_000;
}
