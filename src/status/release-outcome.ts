import { join } from 'node:path';
import type { Config } from '../config/index.js';
import { directoryName, readFailure, surveyHandover, type FailureFile } from '../handover/index.js';
import type { CommitRecord, Repository } from '../repository/index.js';
import { isVisible } from '../repository/index.js';

/** How a release that was handed over stands, by records and directories alone. */
export type ReleaseOutcome =
  | { readonly state: 'ready' | 'processing' | 'committed' | 'gone' }
  | { readonly state: 'published'; readonly record: CommitRecord }
  | { readonly state: 'failed'; readonly directory: string; readonly failure: FailureFile };

/** What is to be remembered when a release is handed over, to tell its outcome from one of the same timestamp. */
export interface HandedOver {
  readonly timestamp: string;
  /** Number of the newest commit at that time. */
  readonly commitsBefore: number;
  readonly at: Date;
}

export async function releaseOutcome(
  config: Config,
  repository: Repository,
  release: HandedOver,
): Promise<ReleaseOutcome> {
  const { timestamp, commitsBefore, at } = release;
  const record = await findCommit(repository, timestamp, commitsBefore);
  if (record)
    return (await isVisible(repository, record)) ? { state: 'published', record } : { state: 'committed' };
  const { entries } = await surveyHandover(config.postToTufPath);
  const ours = entries.filter((entry) => entry.timestamp === timestamp);
  for (const { state, name } of ours) {
    if (state !== 'failed') continue;
    const failure = await readFailure(join(config.postToTufPath, name));
    if (failure && Date.parse(failure.failed_at) >= at.getTime())
      return { state: 'failed', directory: name, failure };
  }
  const names = new Set(ours.map(({ name }) => name));
  if (names.has(directoryName('processing', timestamp))) return { state: 'processing' };
  if (names.has(directoryName('ready', timestamp))) return { state: 'ready' };
  // Between two looks the directory may have been renamed, or committed and cleaned up: look at the records again.
  return (await findCommit(repository, timestamp, commitsBefore))
    ? { state: 'committed' }
    : { state: 'gone' };
}

async function findCommit(
  repository: Repository,
  timestamp: string,
  after: number,
): Promise<CommitRecord | undefined> {
  const { commits } = repository;
  for await (const record of commits.from(Math.max(after + 1, await commits.oldest()))) {
    if (record.kind === 'release' && record.releases.some((entry) => entry.timestamp === timestamp))
      return record;
  }
  return undefined;
}
