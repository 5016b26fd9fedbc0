import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  commitReleases,
  createRepository,
  stageRelease,
  updateSnapshot,
  updateTimestamp,
  type CommitRecord,
  type InboundFile,
  type Repository,
  type RepositoryOptions,
  type RoleSigners,
  type StagedRelease,
} from '../../src/repository/index.js';
import { generateKey, openSigner, type Signer } from '../../src/signers/index.js';

const DAY = 24 * 60 * 60 * 1000;

/** Options of a repository below `directory`, with the default expiries. */
export function repositoryOptions(
  directory: string,
  changes: Partial<RepositoryOptions> = {},
): RepositoryOptions {
  const role = (days: number) => ({
    threshold: 1,
    expiry: days * DAY,
    refreshBefore: (days * DAY) / 3,
    keys: ['file:online'],
  });
  return {
    repositoryPath: join(directory, 'repository'),
    statePath: join(directory, 'state'),
    roles: { root: role(365), targets: role(90), bins: role(30), snapshot: role(7), timestamp: role(1) },
    hashAlgorithms: ['sha256'],
    hashBins: { count: 0, style: 'path_hash_prefixes', snapshotEntries: 'full' },
    keyIds: 'spec',
    plainTargetNames: false,
    immutableTargets: [],
    metadataCache: 1024 * 1024,
    pruneAfter: 30 * DAY,
    ...changes,
  };
}

export interface TestRepository {
  readonly directory: string;
  readonly options: RepositoryOptions;
  readonly signers: RoleSigners;
  readonly repository: Repository;
}

/** A fresh repository with one key a role. */
export async function makeRepository(
  directory: string,
  changes: Partial<RepositoryOptions> = {},
): Promise<TestRepository> {
  const options = repositoryOptions(directory, changes);
  const signers = {
    root: [await makeSigner(directory, 'root')],
    targets: [await makeSigner(directory, 'targets')],
    bins: [await makeSigner(directory, 'bins')],
    snapshot: [await makeSigner(directory, 'snapshot')],
    timestamp: [await makeSigner(directory, 'timestamp')],
  };
  return { directory, options, signers, repository: await createRepository(options, signers) };
}

export async function makeSigner(directory: string, role: string): Promise<Signer> {
  const { path } = await generateKey(join(directory, 'keys', role));
  return openSigner(`file:${path}`, { directory, environment: {} });
}

/** Files of a release by target path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface ReleaseChanges {
  readonly release?: string;
  readonly force?: boolean;
  readonly link?: boolean;
}

let releases = 0;

/** Lays out an inbound directory and stages it. */
export async function stage(
  { directory, repository }: Pick<TestRepository, 'directory' | 'repository'>,
  timestamp: string,
  files: Files,
  { release = `r${String(++releases)}`, force = false, link = false }: ReleaseChanges = {},
): Promise<StagedRelease> {
  const inbound = join(directory, 'inbound', `${timestamp}-${release}`);
  const listed: InboundFile[] = [];
  for (const [path, content] of Object.entries(files)) {
    const target = join(inbound, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const sha512 = createHash('sha512').update(content).digest('hex');
    listed.push({ path, length: Buffer.byteLength(content), hashes: { sha256, sha512 } });
  }
  return stageRelease(repository, { release, timestamp, force, directory: inbound, files: listed, link });
}

/** Commits a release and makes it visible: targets, snapshot, timestamp. */
export async function publish(
  test: TestRepository,
  timestamp: string,
  files: Files,
  changes: ReleaseChanges = {},
): Promise<CommitRecord> {
  const record = await commit(test, [await stage(test, timestamp, files, changes)]);
  await makeVisible(test, record);
  return record;
}

/** Commits one or more releases. @returns the record of the first. @throws where one is refused. */
export async function commit(
  { repository, signers }: Pick<TestRepository, 'repository' | 'signers'>,
  staged: readonly StagedRelease[],
): Promise<CommitRecord> {
  const outcomes = await commitReleases(repository, signers, staged);
  for (const outcome of outcomes) if (outcome.state === 'refused') throw outcome.error;
  const [first] = outcomes;
  if (first?.state !== 'committed') throw new Error('nothing was committed');
  return first.record;
}

export async function makeVisible(
  { repository, signers }: TestRepository,
  record: CommitRecord,
): Promise<void> {
  const snapshot = await updateSnapshot(repository, signers.snapshot, { atLeastCommit: record.number });
  await updateTimestamp(repository, signers.timestamp, { atLeastSnapshot: snapshot.number });
}
