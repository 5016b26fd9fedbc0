/**
 * What a failure means for whoever runs the step:
 * - `transient`: the world is in the way (full disk, NFS away); the same step succeeds once it is not.
 * - `permanent`: the input itself is wrong; trying again cannot help, a person has to change something.
 * - `usage`: the command line or the configuration is wrong; nothing was attempted.
 */
export type FailureKind = 'transient' | 'permanent' | 'usage';

export interface TuflineErrorOptions {
  /** Stable, kebab-case name of the failure: programs and tests match on it, people read the message. */
  readonly code: string;
  readonly kind: FailureKind;
  /** One sentence: what is wrong, and with which file. Ends with a full stop. */
  readonly message: string;
  /** One sentence: what to do about it. Ends with a full stop. */
  readonly remedy: string;
  /** The file or directory concerned, as the person knows it. */
  readonly path?: string;
  readonly cause?: unknown;
}

/** The one error type of tufline. Everything that a person may have to act on is thrown as one of these. */
export class TuflineError extends Error {
  readonly code: string;
  readonly kind: FailureKind;
  readonly remedy: string;
  readonly path: string | undefined;

  constructor(options: TuflineErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TuflineError';
    this.code = options.code;
    this.kind = options.kind;
    this.remedy = options.remedy;
    this.path = options.path;
  }

  /** Message and remedy in one line: what the command line, Temporal and `tufline-error.json` show. */
  get sentence(): string {
    return `${this.message} ${this.remedy}`;
  }
}

/** A failure of the input: see {@link FailureKind}. */
export function permanent(code: string, message: string, remedy: string, path?: string): TuflineError {
  return new TuflineError({
    code,
    kind: 'permanent',
    message,
    remedy,
    ...(path === undefined ? {} : { path }),
  });
}

/** A wrong command line or configuration: see {@link FailureKind}. */
export function usage(code: string, message: string, remedy: string): TuflineError {
  return new TuflineError({ code, kind: 'usage', message, remedy });
}
