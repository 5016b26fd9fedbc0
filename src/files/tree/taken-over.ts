import { TuflineError } from '../../errors/index.js';

const CODE = 'attempt-taken-over';

/** Another attempt goes on with a part that this one had begun: one of the two is enough. */
export function takenOver(path: string): TuflineError {
  return new TuflineError({
    code: CODE,
    kind: 'transient',
    message: `Another attempt of the same step goes on with ${path}, which this one had begun.`,
    remedy: 'This attempt is tried again by itself, and takes up what the other one has done.',
    path,
  });
}

export function isTakenOver({ code }: TuflineError): boolean {
  return code === CODE;
}
