import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, ioError } from '../errors/index.js';
import { compareTimestamps } from '../timestamps/index.js';
import { readClaim } from './claim-file.js';
import { parseDirectoryName, STATES, type DirectoryState } from './names.js';
import { readFailure, type FailureFile } from './failure-file.js';

/** One directory of the hand-over, for people. */
export interface SurveyEntry {
  readonly name: string;
  readonly state: DirectoryState;
  readonly timestamp: string;
  /** When it came into this state, as far as that can be told: RFC 3339. */
  readonly since: string;
  /** Number of files where a claim tells it. */
  readonly files?: number;
  readonly release?: string;
  readonly failure?: Pick<FailureFile, 'code' | 'message' | 'remedy'>;
}

export interface Survey {
  /** By state, and oldest first. */
  readonly entries: readonly SurveyEntry[];
  /** What needs a person: sentences. */
  readonly remarks: readonly string[];
}

const OLD = 24 * 60 * 60 * 1000;

/** What lies in the post-to-TUF directory, and what is odd about it. Changes nothing. */
export async function surveyHandover(postToTufPath: string, now = new Date()): Promise<Survey> {
  const directory = await readdir(postToTufPath, { withFileTypes: true }).catch((error: unknown) => {
    throw ioError(error, 'read', postToTufPath);
  });
  const entries: SurveyEntry[] = [];
  const remarks: string[] = [];
  for (const { name, ...entry } of directory.map((dirent) => ({
    name: dirent.name,
    isDirectory: dirent.isDirectory(),
  }))) {
    const parsed = parseDirectoryName(name);
    if (parsed === undefined) continue;
    if (parsed === 'invalid') {
      if (name.startsWith('tuf_ready_'))
        remarks.push(`${name} has no valid timestamp: rename it to tuf_ready_<TIMESTAMP>.`);
      continue;
    }
    if (!entry.isDirectory) {
      if (parsed.state === 'ready')
        remarks.push(`${name} is not a directory: put its files into one of this name.`);
      continue;
    }
    const found = await describe(join(postToTufPath, name), name, parsed.state, parsed.timestamp);
    if (!found) continue;
    entries.push(found);
    if (parsed.state === 'tmp' && now.getTime() - Date.parse(found.since) > OLD) {
      remarks.push(`${name} is older than a day: if no pipeline is still writing it, remove it.`);
    }
    if (parsed.state === 'done' && found.release === undefined) {
      remarks.push(`${name} holds files that were not part of the release: look at them and remove it.`);
    }
  }
  entries.sort(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) || compareTimestamps(a.timestamp, b.timestamp),
  );
  const processing = new Set(
    entries.filter(({ state }) => state === 'processing').map(({ timestamp }) => timestamp),
  );
  for (const { state, timestamp, name } of entries) {
    if (state === 'ready' && processing.has(timestamp)) {
      remarks.push(`${name} waits because a release of the same timestamp is being processed.`);
    }
  }
  return { entries, remarks };
}

async function describe(
  path: string,
  name: string,
  state: DirectoryState,
  timestamp: string,
): Promise<SurveyEntry | undefined> {
  try {
    const since = (await stat(path)).ctime.toISOString();
    if (state === 'tmp' || state === 'ready') return { name, state, timestamp, since };
    const claim = await readClaim(path);
    const failure = state === 'failed' ? await readFailure(path) : undefined;
    return {
      name,
      state,
      timestamp: failure?.timestamp ?? claim?.timestamp ?? timestamp,
      since: failure?.failed_at ?? claim?.claimed_at ?? since,
      ...(claim ? { files: claim.files.length, release: claim.release } : {}),
      ...(failure
        ? { failure: { code: failure.code, message: failure.message, remedy: failure.remedy } }
        : {}),
    };
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
