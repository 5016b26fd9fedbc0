import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, ioError } from '../../errors/index.js';
import { removeTree, stat } from '../../files/index.js';
import { findDecision } from '../decision.js';
import type { BaseRecord } from '../records/records.js';
import type { Repository } from '../repository.js';

/** Which role's stages to sweep: each removes only what it writes. */
export type StagingOwner = 'targets' | 'snapshot' | 'timestamp';

/** The part of a record log that sweeping needs. */
interface SweptLog {
  latest(): Promise<BaseRecord | undefined>;
  sweep(): Promise<void>;
}

const STAGE = /^(release|commit|prune|resize|snapshot|timestamp)-(.+)\.[0-9a-f]+$/;
/** A resize that nothing was done of for so long, in milliseconds, has been given up: its stage is room, and no proof. */
const GIVEN_UP = 7 * 24 * 60 * 60 * 1000;

/**
 * Removes staged trees that the records prove nobody needs: those of a decided release, and metadata for a
 * number that is taken, unless the newest record names them (they may still have to be put in place). So are
 * records that a killed worker left under a temporary name, and what a resize from another layout has made.
 * @returns how many were removed.
 */
export async function sweepStaging(repository: Repository, owner: StagingOwner): Promise<number> {
  const names = await readdir(repository.paths.staging).catch((error: unknown) => {
    throw ioError(error, 'read', repository.paths.staging);
  });
  let removed = 0;
  for (const name of names) {
    const [, kind, subject] = STAGE.exec(name) ?? [];
    if (kind === undefined || subject === undefined) continue;
    const unneeded =
      kind === 'resize'
        ? owner === 'targets' && (await isGivenUp(repository, name, subject))
        : kind === 'release' || kind === 'commit' || kind === 'prune'
          ? owner === 'targets' &&
            (kind === 'release'
              ? await isDecided(repository, subject)
              : await isTaken(repository.commits, subject)) &&
            !(await isNewest(repository.commits, name))
          : kind === owner &&
            (await isTaken(logOf(repository, owner), subject)) &&
            !(await isNewest(logOf(repository, owner), name));
    if (!unneeded) continue;
    await removeTree(join(repository.paths.staging, name));
    removed++;
  }
  await logOf(repository, owner).sweep();
  return removed;
}

/**
 * Whether nobody needs a stage of a resize, `<files before>-<files after>`, any more: the newest record spreads targets
 * over another number of files than it begins from, so it was reached or another was. No record names such a stage (it
 * gets another name before one does): whoever still works in one loses work, and nothing else.
 */
async function isGivenUp(repository: Repository, name: string, subject: string): Promise<boolean> {
  const latest = await repository.commits.latest();
  const [from] = subject.split('-').map(Number);
  if (latest && (latest.hash_bins?.count ?? 0) !== from) return true;
  return ((await ageOf(repository, name)) ?? 0) > GIVEN_UP;
}

/** Stages that lie there, with their age in milliseconds: for `verify` and `status`. */
export async function listStages(repository: Repository): Promise<{ id: string; age: number }[]> {
  const names = await readdir(repository.paths.staging).catch((error: unknown) => {
    throw ioError(error, 'read', repository.paths.staging);
  });
  const stages: { id: string; age: number }[] = [];
  for (const id of names) {
    const age = await ageOf(repository, id);
    if (age !== undefined) stages.push({ id, age });
  }
  return stages;
}

/** Milliseconds since a file was put into a stage; undefined where it is gone. */
async function ageOf({ paths, now }: Repository, id: string): Promise<number | undefined> {
  try {
    return now().getTime() - (await stat(join(paths.staging, id))).mtimeMs;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw ioError(error, 'look at', join(paths.staging, id));
  }
}

function logOf(repository: Repository, owner: StagingOwner): SweptLog {
  return { targets: repository.commits, snapshot: repository.snapshots, timestamp: repository.timestamps }[
    owner
  ];
}

async function isDecided(repository: Repository, release: string): Promise<boolean> {
  return (await findDecision(repository, release)) !== undefined;
}

async function isTaken(log: SweptLog, number: string): Promise<boolean> {
  return ((await log.latest())?.number ?? 0) >= Number(number);
}

async function isNewest(log: SweptLog, stage: string): Promise<boolean> {
  return (await log.latest())?.stages.includes(stage) ?? false;
}
