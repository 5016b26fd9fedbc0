import { isTimestamp } from '../timestamps/index.js';

/** States of a directory in the post-to-TUF directory; its name begins with `tuf_<state>_`. */
export const STATES = ['tmp', 'ready', 'processing', 'done', 'failed'] as const;
export type DirectoryState = (typeof STATES)[number];

export interface DirectoryName {
  readonly state: DirectoryState;
  readonly timestamp: string;
  /** 2, 3, … of `tuf_failed_X.2`: a second directory of that state and timestamp. */
  readonly copy: number;
}

/** `tuf_ready_<TIMESTAMP>` and its like. */
export function directoryName(state: DirectoryState, timestamp: string, copy = 1): string {
  return `tuf_${state}_${timestamp}${copy > 1 ? `.${String(copy)}` : ''}`;
}

/**
 * Takes a directory's name apart. Only `done` and `failed` have copies; in all other states `X.2` is a timestamp
 * of its own.
 * @returns undefined for a name of another form, or `invalid` for `tuf_<state>_` with a timestamp that is none.
 */
export function parseDirectoryName(name: string): DirectoryName | 'invalid' | undefined {
  const match = /^tuf_(tmp|ready|processing|done|failed)_(.*)$/s.exec(name);
  const state = STATES.find((candidate) => candidate === match?.[1]);
  if (state === undefined) return undefined;
  const timestamp = match?.[2] ?? '';
  return isTimestamp(timestamp) ? { state, timestamp, copy: 1 } : 'invalid';
}

/** Names that tufline keeps for itself at the top of a release. */
export const CLAIM_FILE = 'tufline-claim.json';
export const ERROR_FILE = 'tufline-error.json';
export const RETRY_FILE = 'tufline-retry.json';
export const RELEASE_FILE = 'tufline-release.json';
/** Written by the move beside the files in the inbound directory. */
export const MANIFEST_FILE = 'tufline-manifest.json';
/** Digests by the pipeline: checked, not published. */
export const SUMS_FILE = 'SHA256SUMS';
