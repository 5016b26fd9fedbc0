import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  claimRelease,
  cleanUpRelease,
  moveRelease,
  putBackRelease,
  type Claim,
  type ClaimOptions,
  type ClaimOutcome,
  type DecidedRelease,
  type Manifest,
  type MoveOptions,
} from '../../src/handover/index.js';
import type { Files } from './repository.js';

/** The two directories of the hand-over, and what the records would say. */
export class TestHandover {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly decisions = new Map<string, 'committed' | 'aborted'>();

  private constructor(directory: string) {
    this.postToTufPath = join(directory, 'post-to-tuf');
    this.inboundPath = join(directory, 'inbound');
  }

  static async make(directory: string): Promise<TestHandover> {
    const made = new TestHandover(directory);
    await mkdir(made.postToTufPath);
    await mkdir(made.inboundPath);
    return made;
  }

  path(name: string): string {
    return join(this.postToTufPath, name);
  }

  /** A ready directory as a pipeline makes it; `prepare` adds what is no plain file. */
  async ready(
    timestamp: string,
    files: Files,
    prepare?: (directory: string) => Promise<unknown>,
  ): Promise<string> {
    const temporary = this.path(`tuf_tmp_${timestamp}`);
    await mkdir(temporary);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(temporary, path)), { recursive: true });
      await writeFile(join(temporary, path), content);
    }
    await prepare?.(temporary);
    const ready = this.path(`tuf_ready_${timestamp}`);
    await rename(temporary, ready);
    return ready;
  }

  claim(timestamp: string, max = 1, more: Partial<ClaimOptions> = {}): Promise<ClaimOutcome> {
    const { postToTufPath, inboundPath, decisionOf } = this;
    return claimRelease({ postToTufPath, inboundPath, timestamp, max, decisionOf, ...more });
  }

  /** Claims what must be there. */
  async mustClaim(timestamp: string, max = 1, more: Partial<ClaimOptions> = {}): Promise<Claim> {
    const outcome = await this.claim(timestamp, max, more);
    if (outcome.state === 'absent') throw new Error(`${timestamp} is absent`);
    return outcome.claim;
  }

  /** Moves what is not decided yet. */
  async move(
    { timestamp, release }: Claim,
    progress: Pick<MoveOptions, 'onFile' | 'onBytes' | 'onAdopted' | 'signal'> = {},
  ): Promise<Manifest> {
    const { postToTufPath, inboundPath, decisionOf } = this;
    const hashAlgorithms = ['sha256'] as const;
    const manifest = await moveRelease({
      ...{ postToTufPath, inboundPath, timestamp, release, hashAlgorithms, decisionOf },
      ...progress,
    });
    if (!manifest) throw new Error(`${timestamp} is decided already`);
    return manifest;
  }

  cleanUp(claim: Claim, signal?: AbortSignal) {
    return cleanUpRelease(this.#decided(claim), signal);
  }

  putBack(claim: Claim, problem = { code: 'cancelled', message: 'It was cancelled.', remedy: 'Retry it.' }) {
    return putBackRelease(this.#decided(claim), problem);
  }

  readonly decisionOf = (release: string) => Promise.resolve(this.decisions.get(release));

  #decided({ timestamp, release }: Claim): DecidedRelease {
    return { postToTufPath: this.postToTufPath, inboundPath: this.inboundPath, timestamp, release };
  }
}
