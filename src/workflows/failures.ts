import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/workflow';
import type { Problem } from './messages.js';

/** What an activity's failure says of the input, or undefined where it is none of the kind (cancellation, timeout). */
export function problemOf(error: unknown): Problem | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable) return undefined;
  const [detail]: unknown[] = cause.details ?? [];
  const said = isDetail(detail) ? detail : { message: cause.message, remedy: '' };
  return { code: cause.type ?? 'unexpected', message: said.message, remedy: said.remedy };
}

function isDetail(value: unknown): value is { message: string; remedy: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string' &&
    'remedy' in value &&
    typeof value.remedy === 'string'
  );
}

/** The failure that the workflow ends with: the same sentence as in `tufline-error.json`. */
export function failureOf({ code, message, remedy }: Problem): ApplicationFailure {
  return ApplicationFailure.create({
    message: `${message} ${remedy}`.trim(),
    type: code,
    nonRetryable: true,
  });
}

export function isCancellationOf(error: unknown): boolean {
  return (
    error instanceof CancelledFailure ||
    (error instanceof ActivityFailure && error.cause instanceof CancelledFailure)
  );
}

/** Why a release is given back that somebody has cancelled. */
export function cancelledBy(timestamp: string): Problem {
  return {
    code: 'cancelled',
    message: `The release ${timestamp} was cancelled before it was committed.`,
    remedy: `To release it after all: tufline retry ${timestamp}.`,
  };
}

/** Only where the record does not say it itself. */
export function abortedBefore(timestamp: string): Problem {
  return {
    code: 'aborted',
    message: `The release ${timestamp} was aborted by an earlier run.`,
    remedy: `To release it after all: tufline retry ${timestamp}.`,
  };
}
