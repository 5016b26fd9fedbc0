import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/index.js';
import type { Repository } from '../repository/index.js';
import type { HandedOver, ReleaseOutcome } from '../status/index.js';
import type { Output } from './output.js';

export interface FollowOptions {
  readonly config: Config;
  readonly environment: NodeJS.ProcessEnv;
  readonly repository: Repository;
  readonly release: HandedOver;
  readonly output: Output;
}

const LOOK_EVERY = 100;
const ASK_EVERY = 500;

/**
 * Follows a release to its end and says which step it is at. Records and directories decide; Temporal only tells
 * what is going on meanwhile, and may be away.
 */
export async function follow(
  options: FollowOptions,
): Promise<Extract<ReleaseOutcome, { state: 'published' | 'failed' }>> {
  const { config, repository, release, output } = options;
  const { releaseOutcome } = await import('../status/index.js');
  const temporal = await connect(options);
  let shown = '';
  let askedAt = 0;
  let step = '';
  try {
    for (;;) {
      const outcome = await releaseOutcome(config, repository, release);
      if (outcome.state === 'published' || outcome.state === 'failed') return outcome;
      if (outcome.state === 'gone') await mustNotBeGone(options);
      if (temporal && Date.now() - askedAt > ASK_EVERY) {
        askedAt = Date.now();
        step = await temporal.step();
      }
      const words = step === '' ? inWords(outcome.state) : step;
      const line = `${release.timestamp}: ${words}${temporal ? '' : ' (no Temporal server is running: start "tufline dev")'}`;
      if (line !== shown) output.status((shown = line));
      await sleep(LOOK_EVERY);
    }
  } finally {
    output.endStatus();
    await temporal?.close();
  }
}

function inWords(state: ReleaseOutcome['state']): string {
  return state === 'ready'
    ? 'waiting for the scan'
    : state === 'committed'
      ? 'committed, being published'
      : state;
}

async function connect({ config, environment, release }: FollowOptions) {
  const { connectClient, describeRelease, findTemporal } = await import('../temporal/index.js');
  if (!(await findTemporal(config, environment))) return undefined;
  try {
    const { client, close } = await connectClient(config, environment);
    const step = async (): Promise<string> => {
      try {
        const found = await describeRelease(client, config, release.timestamp);
        if (found?.status !== 'RUNNING') return '';
        const { step: pending } = found;
        if (pending?.failure === undefined || pending.attempt < 2) return found.state ?? '';
        return `${found.state ?? pending.name}, attempt ${String(pending.attempt)}: ${pending.failure}`;
      } catch {
        return '';
      }
    };
    return { step, close };
  } catch {
    return undefined;
  }
}

/** A rename between two looks is no reason to give up, a directory that stays away is. */
async function mustNotBeGone({ config, repository, release }: FollowOptions): Promise<void> {
  const { permanent } = await import('../errors/index.js');
  const { releaseOutcome } = await import('../status/index.js');
  for (let look = 0; look < 50; look++) {
    if ((await releaseOutcome(config, repository, release)).state !== 'gone') return;
    await sleep(LOOK_EVERY);
  }
  throw permanent(
    'release-gone',
    `The release ${release.timestamp} is in no directory of ${config.postToTufPath} any more, and no record tells of it.`,
    'Somebody moved or removed it: post it again.',
  );
}
