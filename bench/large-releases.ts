import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { claimRelease, inboundDirectory, moveRelease, type Manifest } from '../src/handover/index.js';
import { stageRelease, type Repository } from '../src/repository/index.js';

/** Seconds of the steps of one large release. */
export interface LargeRelease {
  readonly files: number;
  readonly bytes: number;
  readonly claim: number;
  readonly move: number;
  /** The files staged as they are where monitor and targets worker are one user: linked, read and hashed. */
  readonly stage: number;
  /** The same where they are two: copied. */
  readonly stageCopy: number;
  /** Most resident memory of this process, in bytes. */
  readonly memory: number;
}

export interface LargeFile extends LargeRelease {
  /** `cp` of the same file between the same file systems, and the fsync of the copy. */
  readonly cp: number;
}

export interface Places {
  /** Where the pipeline hands over. */
  readonly source: string;
  /** Inbound directory and repository: what is to be durable. */
  readonly target: string;
}

const TIMESTAMP = '1';
const FILES_A_DIRECTORY = 1000;
const BLOCK = 16 * 1024 * 1024;

/** A release of many files of `size` bytes each. Everything it makes is removed again. */
export async function measureSmallFiles(places: Places, count: number, size = 1024): Promise<LargeRelease> {
  return inPlaces(places, async (work) => {
    const ready = join(work.postToTufPath, `tuf_ready_${TIMESTAMP}`);
    const bytes = randomBytes(size);
    for (let number = 0; number < count; number++) {
      const directory = join(ready, `d${String(Math.floor(number / FILES_A_DIRECTORY))}`);
      if (number % FILES_A_DIRECTORY === 0) await mkdir(directory, { recursive: true });
      bytes.writeUInt32BE(number);
      await writeFile(join(directory, `package-${String(number)}.zip`), bytes);
    }
    return measure(work);
  });
}

/** A release of one file, and `cp` with fsync of the same file before it. Everything is removed again. */
export async function measureLargeFile(places: Places, bytes: number): Promise<LargeFile> {
  return inPlaces(places, async (work) => {
    const ready = join(work.postToTufPath, `tuf_ready_${TIMESTAMP}`);
    await mkdir(ready);
    const file = join(ready, 'large.iso');
    await writeRandom(file, bytes);
    const copy = join(places.target, 'cp.iso');
    const cp = await seconds(async () => {
      await promisify(execFile)('cp', [file, copy]);
      const handle = await open(copy, 'r+');
      await handle.sync();
      await handle.close();
    });
    await rm(copy);
    return { ...(await measure(work)), cp };
  });
}

interface Work {
  readonly postToTufPath: string;
  readonly inboundPath: string;
  readonly repository: Repository;
}

async function measure({ postToTufPath, inboundPath, repository }: Work): Promise<LargeRelease> {
  const decisionOf = () => Promise.resolve(undefined);
  const common = { postToTufPath, inboundPath, timestamp: TIMESTAMP, decisionOf };
  let release = '';
  const claim = await seconds(async () => {
    const outcome = await claimRelease({ ...common, max: 1 });
    if (outcome.state === 'absent') throw new Error('nothing is ready');
    release = outcome.claim.release;
  });
  let manifest: Manifest | undefined;
  const move = await seconds(async () => {
    manifest = await moveRelease({ ...common, release, hashAlgorithms: ['sha256'] });
  });
  const { files = [] } = manifest ?? {};
  const directory = inboundDirectory(inboundPath, TIMESTAMP);
  const staged = { timestamp: TIMESTAMP, force: false, directory, files };
  const stage = await seconds(() => stageRelease(repository, { ...staged, release: 'linked', link: true }));
  const stageCopy = await seconds(() =>
    stageRelease(repository, { ...staged, release: 'copied', link: false }),
  );
  const bytes = files.reduce((sum, { length }) => sum + length, 0);
  const memory = process.resourceUsage().maxRSS * 1024;
  return { files: files.length, bytes, claim, move, stage, stageCopy, memory };
}

async function inPlaces<T>({ source, target }: Places, run: (work: Work) => Promise<T>): Promise<T> {
  const postToTufPath = join(source, 'post-to-tuf');
  const inboundPath = join(target, 'inbound');
  const staging = join(target, 'staging');
  const directories = [postToTufPath, inboundPath, staging];
  try {
    for (const directory of directories) await mkdir(directory, { recursive: true });
    // Staging asks for no more of a repository than where it stages, and what for.
    const options = { hashAlgorithms: ['sha256'], plainTargetNames: false };
    const repository = { options, paths: { staging } } as unknown as Repository;
    return await run({ postToTufPath, inboundPath, repository });
  } finally {
    for (const directory of directories) await rm(directory, { recursive: true, force: true });
  }
}

async function writeRandom(path: string, bytes: number): Promise<void> {
  const block = randomBytes(BLOCK);
  const handle = await open(path, 'wx');
  try {
    for (let written = 0; written < bytes; written += BLOCK) {
      block.writeUInt32BE(written / BLOCK);
      await handle.write(block, 0, Math.min(BLOCK, bytes - written));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if ((await stat(path)).size !== bytes) throw new Error('not all was written');
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
