import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfig, WORKER_ROLES, type Config } from '../../src/config/index.js';
import { postRelease } from '../../src/handover/index.js';
import { initInstance } from '../../src/instance/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { FreshExecutor } from './bare/executors.js';
import { releaseAll, type Conductor } from './bare/release.js';
import { lookWith, type FaultClient } from './clients/clients.js';
import type { Files } from '../support/repository.js';

/** A file system in memory: another one than that of the temporary directory, and fast. */
const MEMORY = '/dev/shm';

/** Published before the release that goes wrong. */
export const BEFORE: Files = { a: 'first', 'vendor/name/name-1.0.zip': 'one' };
/** The release: nested paths, one replacement, an empty file, one of several chunks. */
export const RELEASE: Files = {
  a: 'second',
  'vendor/name/name-1.1.zip': Buffer.alloc(1_100_000, 'zip'),
  'new/empty': '',
};
export const TIMESTAMP = '2';
/** With two at once, the other one. */
const OTHER = { timestamp: '3', files: { b: 'other', 'vendor/other/other-1.0.zip': 'one' } as Files };

/** `flat`: all targets in one file, one release at a time. `bins`: hash bins, and two releases at once. */
export type Shape = 'flat' | 'bins';
const BINS = 4;

/**
 * An instance whose files move from one file system to another twice: post-to-TUF and repository lie in memory,
 * inbound directory and records on the disk.
 */
export class World {
  constructor(
    readonly directory: string,
    readonly memory: string,
    readonly config: Config,
    readonly shape: Shape,
  ) {}

  /** How many releases are under way at once. */
  get atOnce(): number {
    return this.config.maxConcurrentReleases;
  }

  /** What has to be published in the end. */
  get expected(): Expected {
    return this.shape === 'flat' ? BOTH : { releases: [...BOTH.releases, OTHER] };
  }

  /** What clients may see on the way, the last of them in the end. */
  get states(): readonly Files[] {
    const after = { ...BEFORE, ...RELEASE };
    if (this.shape === 'flat') return [BEFORE, after];
    return [BEFORE, after, { ...BEFORE, ...OTHER.files }, { ...after, ...OTHER.files }];
  }

  /** What clients have to see when all is through. */
  get lastState(): Files {
    return this.states.at(-1) ?? BEFORE;
  }

  /** Directories whose calls count. */
  get roots(): readonly string[] {
    return [this.directory, this.memory];
  }

  /** What the clients know. */
  get clients(): string {
    return join(this.directory, 'clients');
  }

  /** Posts files as a pipeline does; returns when they are ready. */
  async post(timestamp: string, files: Files): Promise<void> {
    const from = join(this.directory, `pipeline-${timestamp}`);
    const posted = [];
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(from, path)), { recursive: true });
      await writeFile(join(from, path), content);
      posted.push({ from: join(from, path), as: path });
    }
    await postRelease({ postToTufPath: this.config.postToTufPath, files: posted, timestamp });
    await rm(from, { recursive: true });
  }

  /** Releases everything that is ready, with workers that have just started. */
  async releaseAll(): Promise<void> {
    await releaseAll(freshConductor(this.config), this.atOnce);
  }

  async remove(): Promise<void> {
    for (const path of this.roots) await rm(path, { recursive: true, force: true });
  }
}

/** Workers in this process, each new. */
export function freshConductor(config: Config): Conductor {
  const executors = new Map(WORKER_ROLES.map((role) => [role, new FreshExecutor(role, config)] as const));
  return {
    executor: (role) => executors.get(role) ?? new FreshExecutor(role, config),
    onDeath: () => Promise.resolve(),
  };
}

export interface TemplateOptions {
  readonly shape?: Shape;
  /** Whether the release waits in the post-to-TUF directory. */
  readonly isReady?: boolean;
  readonly allInMemory?: boolean;
  /** They have looked before the release. */
  readonly clients?: readonly FaultClient[];
}

/** What worlds are copied from: one release published, and the next one ready. */
export class Template {
  #copies = 0;

  private constructor(
    readonly world: World,
    private readonly top: string,
    private readonly memoryTop: string,
  ) {}

  static async make({
    shape = 'flat',
    isReady = true,
    allInMemory = false,
    clients = [],
  }: TemplateOptions = {}): Promise<Template> {
    const memoryTop = await mkdtemp(join(MEMORY, 'tufline-faults-'));
    const top = await mkdtemp(join(allInMemory ? MEMORY : tmpdir(), 'tufline-faults-'));
    if (!allInMemory && (await stat(top)).dev === (await stat(memoryTop)).dev) {
      throw new Error(`${tmpdir()} and ${MEMORY} have to be different file systems: set TMPDIR.`);
    }
    const directory = join(top, 'template');
    const memory = join(memoryTop, 'template');
    await initInstance(directory, shape === 'bins' ? { hashBins: BINS } : {});
    await mkdir(memory);
    for (const name of ['post-to-tuf', 'repository']) {
      await promisify(execFile)('mv', [join(directory, name), memory]);
    }
    const text = await readFile(join(directory, 'tufline.yaml'), 'utf8');
    const changes = shape === 'bins' ? { max_concurrent_releases: '2' } : {};
    const world = await openWorld(directory, memory, text, shape, changes);
    await world.post('1', BEFORE);
    await world.releaseAll();
    for (const complaint of await lookWith(clients, world.config.repositoryPath, world.clients, [BEFORE])) {
      throw new Error(complaint);
    }
    if (isReady) await world.post(TIMESTAMP, RELEASE);
    if (isReady && shape === 'bins') await world.post(OTHER.timestamp, OTHER.files);
    return new Template(world, top, memoryTop);
  }

  /** A copy of its own, with the same keys. */
  async copy(changes: ConfigChanges = {}): Promise<World> {
    const name = `copy-${String(++this.#copies)}`;
    const [directory, memory] = [join(this.top, name), join(this.memoryTop, name)];
    await Promise.all([
      promisify(execFile)('cp', ['-a', this.world.directory, directory]),
      promisify(execFile)('cp', ['-a', this.world.memory, memory]),
    ]);
    const text = await readFile(join(directory, 'tufline.yaml'), 'utf8');
    return openWorld(directory, memory, text, this.world.shape, changes);
  }

  /** A place for a copy that somebody else lays out; only its configuration is there. */
  async empty(): Promise<World> {
    const name = `copy-${String(++this.#copies)}`;
    const [directory, memory] = [join(this.top, name), join(this.memoryTop, name)];
    await mkdir(directory);
    await mkdir(memory);
    const text = await readFile(this.world.config.file, 'utf8');
    return openWorld(directory, memory, text, this.world.shape);
  }

  async remove(): Promise<void> {
    for (const path of [this.top, this.memoryTop]) await rm(path, { recursive: true, force: true });
  }
}

/** Lines of a configuration, by key: `scan_period: 1s`. */
export type ConfigChanges = Readonly<Record<string, string>>;

async function openWorld(
  directory: string,
  memory: string,
  text: string,
  shape: Shape,
  changes: ConfigChanges = {},
): Promise<World> {
  const file = join(directory, 'tufline.yaml');
  let changed = text
    .replace(/^post_to_tuf_path: \S+/m, `post_to_tuf_path: ${memory}/post-to-tuf`)
    .replace(/^repository_path: \S+/m, `repository_path: ${memory}/repository`)
    .replace(/^immutable_targets: \[\]/m, 'immutable_targets: []\nplain_target_names: true');
  for (const [key, value] of Object.entries(changes)) {
    changed = changed.replace(new RegExp(`^${key}: .*$`, 'm'), `${key}: ${value}`);
  }
  await writeFile(file, changed.replace(/(plain_target_names: true\n)+/, 'plain_target_names: true\n'));
  return new World(directory, memory, await loadConfig(file), shape);
}

/** What the audit expects: every release once, in this order. */
export interface Expected {
  readonly releases: readonly { readonly timestamp: string; readonly files: Files }[];
  /** A release that was given back in between has left a record of that. */
  readonly mayHaveAborted?: boolean;
}

export const NEXT = { timestamp: '9', files: { next: 'last' } };

export const BOTH: Expected = {
  releases: [
    { timestamp: '1', files: BEFORE },
    { timestamp: TIMESTAMP, files: RELEASE },
  ],
};

/**
 * Everything that has to be true of an instance when nothing is left to do.
 * @returns sentences about what is not; none where all is well.
 */
export async function audit(config: Config, expected: Expected): Promise<string[]> {
  const found: string[] = [];
  const repository = openRepository(config);
  for (const finding of await verifyRepository(repository)) found.push(`verify: ${JSON.stringify(finding)}`);

  const committed: string[] = [];
  const names = ['1.root.json', 'timestamp.json'];
  const records = new Set<string>();
  let made = 0;
  for await (const record of repository.commits.from(1)) {
    records.add(`${String(record.number)}.json`);
    for (const { release } of record.releases) records.add(`releases/${release.slice(0, 2)}/${release}`);
    // No version is burnt: what is there is what a record names, and `verify` finds gaps between them.
    for (const [file, { version }] of Object.entries(record.meta)) names.push(`${String(version)}.${file}`);
    if (record.kind === 'release') committed.push(...record.releases.map(({ timestamp }) => timestamp));
    const isExpected = record.kind !== 'abort' || expected.mayHaveAborted;
    if (!isExpected || !['init', 'release', 'abort'].includes(record.kind))
      found.push(`there is a record of the kind ${record.kind}`);
    if (record.kind !== 'abort') made++;
  }
  const wanted = expected.releases.map(({ timestamp }) => timestamp);
  if (committed.sort().join() !== [...wanted].sort().join())
    found.push(`committed are ${committed.join()}, not ${wanted.join()}`);

  await mustHold(found, repository.paths.commits, [...records]);
  for (const log of [repository.snapshots, repository.timestamps]) {
    // Where several were committed one by one, one snapshot may include them all.
    const count = (await log.latest())?.number ?? 0;
    if (config.maxConcurrentReleases === 1 ? count !== made : count > made)
      found.push(`there are ${String(count)} records in ${log.directory} for ${String(made)} commits`);
    const numbers = Array.from({ length: count }, (_, index) => String(index + 1));
    await mustHold(
      found,
      log.directory,
      numbers.map((number) => `${number}.json`),
    );
    if (log === repository.snapshots) names.push(...numbers.map((number) => `${number}.snapshot.json`));
  }
  await mustHold(found, repository.paths.metadata, names);
  for (const path of [config.postToTufPath, config.inboundPath, repository.paths.staging]) {
    await mustHold(found, path, []);
  }
  await mustHold(found, repository.paths.targets, targetNames(expected, config.plainTargetNames));
  const latest = Object.assign({}, ...expected.releases.map(({ files }) => files)) as Files;
  for (const [path, content] of Object.entries(latest)) {
    const bytes = await readFile(join(repository.paths.targets, path)).catch(() => undefined);
    if (!bytes || !bytes.equals(Buffer.from(content as Uint8Array)))
      found.push(`${path} has other bytes than were posted`);
  }
  return found;
}

/** Hashed copies of all versions, and the plain names of the last. */
function targetNames({ releases }: Expected, plain: boolean): string[] {
  const names = new Set<string>();
  for (const { files } of releases) {
    for (const [path, content] of Object.entries(files)) {
      const digest = createHash('sha256').update(content).digest('hex');
      names.add(join(dirname(path), `${digest}.${basename(path)}`));
      if (plain) names.add(path);
    }
  }
  return [...names];
}

/** That exactly these files are in a directory, whatever directories they are in. */
async function mustHold(found: string[], directory: string, names: readonly string[]): Promise<void> {
  const present: string[] = [];
  const visit = async (path: string, within: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const name = join(within, entry.name);
      if (entry.isDirectory()) await visit(join(path, entry.name), name);
      else present.push(name);
    }
    // Empty directories are only welcome where files are.
    if (within !== '' && names.length === 0) present.push(`${within}/`);
  };
  await visit(directory, '');
  for (const name of present) if (!names.includes(name)) found.push(`${name} is left in ${directory}`);
  for (const name of names) if (!present.includes(name)) found.push(`${name} is missing in ${directory}`);
}

/**
 * As {@link audit} for both releases. What could not be removed while there was trouble may be left, until workers that
 * have just started publish one more release.
 */
export async function auditAtLast(world: World): Promise<string[]> {
  const { config, expected } = world;
  if ((await audit(config, expected)).length === 0) return [];
  await world.post(NEXT.timestamp, NEXT.files);
  await world.releaseAll();
  return audit(config, { releases: [...expected.releases, NEXT] });
}
