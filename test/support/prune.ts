import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  pruneSnapshot,
  pruneTargets,
  pruneTimestamp,
  refreshTargets,
  type PruneTargetsOptions,
} from '../../src/repository/index.js';
import { publish, type Files, type TestRepository } from './repository.js';

export const DAY = 24 * 60 * 60 * 1000;

/** A clock that tests move; `now` is for the options of a repository. */
export class Clock {
  time: number;
  constructor(time: number) {
    this.time = time;
  }
  readonly now = (): Date => new Date(this.time);
}

/** What the workflow does, role by role. */
export async function prune({ repository }: TestRepository, options: PruneTargetsOptions = {}) {
  return {
    timestamp: await pruneTimestamp(repository, options),
    snapshot: await pruneSnapshot(repository, options),
    targets: await pruneTargets(repository, options),
  };
}

/** Publishes a release on each of the following days, and tells what clients were shown on each. */
export async function publishDaily(
  made: TestRepository,
  clock: Clock,
  releases: readonly Files[],
  first = 1,
): Promise<Buffer[]> {
  const shown: Buffer[] = [];
  for (const [index, files] of releases.entries()) {
    clock.time += DAY;
    while ((await refreshTargets(made.repository, made.signers)).more);
    await publish(made, String(first + index), files, { release: `id-${String(first + index)}` });
    shown.push(await timestampOf(made));
  }
  return shown;
}

export function timestampOf({ options }: TestRepository): Promise<Buffer> {
  return readFile(join(options.repositoryPath, 'metadata', 'timestamp.json'));
}

interface Listed {
  readonly version: number;
  readonly length?: number;
  readonly hashes?: Readonly<Record<string, string>>;
}
interface Signed {
  readonly meta: Readonly<Record<string, Listed>>;
  readonly targets?: Readonly<Record<string, Required<Listed>>>;
  readonly delegations?: {
    readonly roles?: readonly { readonly name: string }[];
    readonly succinct_roles?: { readonly bit_length: number; readonly name_prefix: string };
  };
}

/**
 * That a client which was shown this timestamp finds everything that follows from it: the snapshot, targets metadata, what
 * that delegates to, and every target.
 */
export async function assertFollows(repositoryPath: string, timestamp: Buffer): Promise<void> {
  const load = async (path: string, { hashes = {} }: Listed): Promise<Buffer> => {
    const bytes = await readFile(join(repositoryPath, path)).catch(() =>
      assert.fail(`${path} is asked for and gone`),
    );
    for (const [algorithm, digest] of Object.entries(hashes))
      assert.equal(createHash(algorithm).update(bytes).digest('hex'), digest, path);
    return bytes;
  };
  const loadFrom = async (meta: Signed['meta'], file: string): Promise<Signed> => {
    const listed = meta[file] ?? assert.fail(`${file} is not listed`);
    return signedOf(await load(`metadata/${String(listed.version)}.${file}`, listed));
  };
  const { meta } = await loadFrom(signedOf(timestamp).meta, 'snapshot.json');
  for (const file of ['targets.json', ...delegatedBy(await loadFrom(meta, 'targets.json'))]) {
    const { targets = {} } = await loadFrom(meta, file);
    for (const [path, target] of Object.entries(targets)) {
      for (const digest of Object.values(target.hashes))
        await load(join('targets', dirname(path), `${digest}.${basename(path)}`), target);
    }
  }
}

/** The signed part of a metadata file. */
export function signedOf(bytes: Buffer): Signed {
  return (JSON.parse(bytes.toString()) as { signed: Signed }).signed;
}

function delegatedBy({ delegations: { roles = [], succinct_roles: bins } = {} }: Signed): string[] {
  const names = roles.map(({ name }) => name);
  // Few enough for one digit.
  for (let bin = 0; bins && bin < 2 ** bins.bit_length; bin++)
    names.push(`${bins.name_prefix}-${bin.toString(16)}`);
  return names.map((name) => `${name}.json`);
}

/** Everything that lies in an instance, but what differs from run to run. */
export async function whatLies({ directory }: TestRepository): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => /^(repository|state)\//.test(path))
    .sort();
}
