import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/index.js';
import { TuflineError } from '../../src/errors/index.js';
import { failureSchema } from '../../src/handover/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { StepFailed, type Executor } from './bare/executors.js';
import { releaseAll } from './bare/release.js';
import { lookWith, startClients, type FaultClient } from './clients/clients.js';
import type { Matrix, Plan, Point } from './matrix.js';
import { BEFORE, freshConductor, Template, type World } from './world.js';

interface InputPoint extends Point {
  readonly kind: 'directory' | 'configuration' | 'metadata';
  readonly seed: number;
}

/** Points of each kind, and inputs of each point. */
const POINTS = { directory: 40, configuration: 20, metadata: 30 } as const;
const RUNS = { directory: 15, configuration: 100, metadata: 6 } as const;

/** Whatever a pipeline, an operator or a damaged disk may bring. */
export const badInput: Matrix = {
  name: 'bad-input',
  title: 'random directories with names of any bytes, configurations, metadata files and records',
  async prepare({ seed, isFull }): Promise<Plan> {
    const clients = startClients();
    const template = await Template.make({ isReady: false, allInMemory: true, clients });
    const other = await Template.make({ isReady: false, allInMemory: true });
    const kinds = Object.keys(POINTS) as InputPoint['kind'][];
    const points = kinds.flatMap((kind) =>
      Array.from({ length: POINTS[kind] * (isFull ? 10 : 1) }, (_, index): InputPoint => {
        const own = seed * 100_000 + index;
        return { name: `${kind} ${String(own)}`, kind, seed: own };
      }),
    );
    const runs = kinds.map((kind) => `${String(RUNS[kind])} of ${kind}`).join(', ');
    return {
      of: `each ${runs}`,
      points,
      async run(point): Promise<string[]> {
        const { kind, seed: own } = point as InputPoint;
        const parameters = { seed: own, numRuns: RUNS[kind] };
        switch (kind) {
          case 'directory':
            return check(directory, (entries) => tryDirectory(template, clients, entries), parameters);
          case 'configuration':
            return check(configurationChange, (change) => tryConfiguration(template, change), parameters);
          case 'metadata':
            return check(damage, (how) => tryDamage({ template, other, clients }, how), parameters);
        }
      },
      async close() {
        for (const client of clients) client.close();
        await template.remove();
        await other.remove();
      },
    };
  },
};

/** @returns the smallest input that was found to break the property, and what it breaks. */
async function check<T>(
  input: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
  parameters: { readonly seed: number; readonly numRuns: number },
): Promise<string[]> {
  const outcome = await fc.check(fc.asyncProperty(input, property), parameters);
  if (!outcome.failed) return [];
  const error = outcome.errorInstance;
  const why = error instanceof Error ? error.message : String(error);
  return [`${fc.stringify(outcome.counterexample)}: ${why}`];
}

// ---- directories ----

interface Entry {
  readonly name: Uint8Array;
  readonly what: 'file' | 'directory' | 'symbolic link' | 'hard link outside' | 'unreadable';
  readonly content: string;
  /** Within the directory before it, where there is one. */
  readonly isNested: boolean;
}

const anyByte = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)));
const awkward = fc
  .constantFrom(
    '-rf',
    '.hidden',
    '..a',
    'a\\b',
    'ä',
    'a\u0308',
    'A',
    'a',
    'SHA256SUMS',
    'tufline-claim.json',
    'tufline-error.json',
    'tufline-retry.json',
    'tufline-release.json',
  )
  .map((name) => new Uint8Array(Buffer.from(name)));
const long = fc.integer({ min: 180, max: 255 }).map((length) => new Uint8Array(Buffer.alloc(length, 'n')));
const plain = fc
  .stringMatching(/^[a-z0-9][a-z0-9 ._+@-]{0,20}[a-z0-9]$/)
  .map((name) => new Uint8Array(Buffer.from(name)));
const directory: fc.Arbitrary<Entry[]> = fc.array(
  fc.record({
    name: fc.oneof(
      { weight: 6, arbitrary: plain },
      { weight: 1, arbitrary: anyByte },
      { weight: 1, arbitrary: awkward },
      { weight: 1, arbitrary: long },
    ),
    what: fc.oneof(
      { weight: 12, arbitrary: fc.constant('file' as const) },
      { weight: 3, arbitrary: fc.constant('directory' as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'symbolic link' as const,
          'hard link outside' as const,
          'unreadable' as const,
        ),
      },
    ),
    content: fc.string({ maxLength: 60 }),
    isNested: fc.boolean(),
  }),
  { maxLength: 8 },
);

async function tryDirectory(
  template: Template,
  clients: readonly FaultClient[],
  entries: readonly Entry[],
): Promise<void> {
  const world = await template.copy();
  const canary = join(world.directory, 'canary');
  await mkdir(canary);
  await writeFile(join(canary, 'file'), 'untouched');
  const before = await treeOf(canary);
  const ready = join(world.config.postToTufPath, 'tuf_ready_2');
  await lay(ready, entries, canary);
  await world.post('3', { sound: 'sound' });
  const posted = await treeOf(ready);
  await releaseAll(strict(world));
  mustBe(await treeOf(canary), before, 'a file outside was touched');
  await mustBeSoundOrFailed(world, posted);
  await mustAgree(
    await lookWith(clients, world.config.repositoryPath, world.clients, [
      { ...BEFORE, ...(await publishedFiles(world)) },
    ]),
  );
  await world.remove();
}

async function lay(ready: string, entries: readonly Entry[], canary: string): Promise<void> {
  await mkdir(ready);
  let within = Buffer.from(ready);
  for (const { name, what, content, isNested } of entries) {
    const path = Buffer.concat([isNested ? within : Buffer.from(ready), Buffer.from('/'), name]);
    try {
      if (what === 'directory') {
        await mkdir(path);
        within = path;
      } else if (what === 'symbolic link') await symlink(join(canary, 'file'), path);
      else if (what === 'hard link outside') await link(join(canary, 'file'), path);
      else {
        await writeFile(path, content, { flag: 'wx' });
        if (what === 'unreadable') await chmod(path, 0o000);
      }
    } catch {
      // A name that is taken, or is one of the two that every directory has.
    }
  }
}

/** All of it is published, or all of it is in `tuf_failed_2` with a sentence; the sound one after it is published. */
async function mustBeSoundOrFailed(world: World, posted: Tree): Promise<void> {
  const left = (await readdir(world.config.postToTufPath)).sort();
  const published = await publishedFiles(world);
  if (published.sound !== 'sound') throw new Error('the release after it was held up');
  mustBe((await verifyRepository(openRepository(world.config))).length, 0, 'verify finds something');
  if (left.length === 0) {
    for (const [path, content] of Object.entries(posted)) {
      if (path === 'SHA256SUMS' || content === undefined) continue;
      mustBe(published[path], content, `${path} is not published as it was posted`);
    }
    return;
  }
  mustBe(left, ['tuf_failed_2'], 'something else is left');
  const failed = join(world.config.postToTufPath, 'tuf_failed_2');
  const failure = failureSchema.parse(JSON.parse(await readFile(join(failed, 'tufline-error.json'), 'utf8')));
  if (!/\.$/.test(failure.message) || !/\.$/.test(failure.remedy)) throw new Error('no sentence');
  const now = await treeOf(failed);
  mustBe(withoutOurs(now), withoutOurs(posted), 'the files were not given back as they were');
}

/** Names that are ours tell of what happened; a foreign file under one of them lies beside it under another. */
function withoutOurs(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !/^tufline-[^/]*\.json($|\/)/.test(path)),
  );
}

// ---- configurations ----

interface ConfigurationChange {
  readonly line: number;
  readonly text: string;
  readonly how: 'replace' | 'insert' | 'value';
}

const configurationChange: fc.Arbitrary<ConfigurationChange> = fc.record({
  line: fc.nat(45),
  text: fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '-1',
      '5',
      '1e99',
      '[]',
      '{}',
      'null',
      '0s',
      '99999999999d',
      '../../x',
      '~',
      '!!js/function x',
      '&a [*a]',
      'file:',
      'pkcs11:x',
      '"',
      '  - ',
      '\t',
    ),
  ),
  how: fc.constantFrom('replace', 'insert', 'value'),
});

async function tryConfiguration(template: Template, { line, text, how }: ConfigurationChange): Promise<void> {
  const lines = (await readFile(template.world.config.file, 'utf8')).split('\n');
  const at = line % lines.length;
  const present = lines[at] ?? '';
  const value = present.replace(/^(\s*[a-z_]+:).*$/, (_, key: string) => `${key} ${text}`);
  const changed = how === 'insert' ? [text, present] : how === 'value' ? [value] : [text];
  const file = join(template.world.directory, `changed-${String(process.pid)}.yaml`);
  await writeFile(file, [...lines.slice(0, at), ...changed, ...lines.slice(at + 1)].join('\n'));
  try {
    await loadConfig(file);
  } catch (error) {
    if (!(error instanceof TuflineError)) throw error;
    if (error.kind !== 'usage' || !/\.$/.test(error.remedy))
      throw new Error(`no sentence: ${error.sentence}`, { cause: error });
  }
}

// ---- metadata and records ----

type How =
  | 'empty'
  | 'half'
  | 'other type'
  | 'bit'
  | 'signature'
  | 'other instance'
  | 'older'
  | 'garbage'
  | 'no JSON object';
interface Damage {
  readonly where: string;
  readonly how: How;
  readonly position: number;
}

/** Relative to the repository and the records, of an instance with two versions of everything. */
const damage: fc.Arbitrary<Damage> = fc.record({
  where: fc.constantFrom(
    'metadata/2.targets.json',
    'metadata/2.snapshot.json',
    'metadata/1.root.json',
    'commits/2.json',
    'snapshot/2.json',
    'timestamp/2.json',
  ),
  how: fc.constantFrom<How[]>(
    'empty',
    'half',
    'other type',
    'bit',
    'signature',
    'other instance',
    'older',
    'garbage',
    'no JSON object',
  ),
  position: fc.nat(100_000),
});

/** Attempts of each step while a file is damaged. */
const ATTEMPTS = 3;

interface Instances {
  readonly template: Template;
  /** With the same releases and keys of its own. */
  readonly other: Template;
  readonly clients: readonly FaultClient[];
}

async function tryDamage(
  { template, other, clients }: Instances,
  { where, how, position }: Damage,
): Promise<void> {
  const world = await template.copy();
  const pathIn = ({ config: { repositoryPath, statePath } }: World): string =>
    where.startsWith('metadata/') ? join(repositoryPath, where) : join(statePath, where);
  const { repositoryPath } = world.config;
  const path = pathIn(world);
  const sound = await readFile(path);
  const seenBy = world.clients;
  if (how === 'other instance') await copyFile(pathIn(other.world), path);
  else await damageFile(path, how, position, sound);
  const isDamaged = !(await readFile(path)).equals(sound);
  await world.post('2', { sound: 'sound' });
  const said = await attempt(world);
  // What clients hold on to was never touched: they see the old state, or all of the new one.
  if (!where.startsWith('metadata/')) {
    await mustAgree(await lookWith(clients, repositoryPath, seenBy, [BEFORE, { ...BEFORE, sound: 'sound' }]));
  }
  for (const { type, message } of said) {
    if (type === 'unexpected' || !/\.$/.test(message)) throw new Error(`no sentence: ${type}: ${message}`);
  }
  if (isDamaged) {
    await rename(path, `${path}.damaged`);
    await writeFile(path, sound);
    await rename(`${path}.damaged`, join(world.directory, 'damaged'));
  }
  await releaseAll(strict(world));
  mustBe(
    (await verifyRepository(openRepository(world.config))).length,
    0,
    'verify finds something once it is restored',
  );
  await mustAgree(await lookWith(clients, repositoryPath, seenBy, [{ ...BEFORE, sound: 'sound' }]));
  await world.remove();
}

async function damageFile(
  path: string,
  how: Exclude<How, 'other instance'>,
  position: number,
  sound: Buffer,
): Promise<void> {
  const text = sound.toString('latin1');
  const older = path.replace(/\b2\.(\w+\.)?json$/, (_, role: string | undefined) => `1.${role ?? ''}json`);
  switch (how) {
    case 'empty':
      return truncate(path, 0);
    case 'half':
      return truncate(path, Math.floor(sound.length / 2));
    case 'other type':
      return writeFile(
        path,
        text.replace(/"_type":"\w+"/, '"_type":"mirrors"').replace(/"kind":"\w+"/, '"kind":"other"'),
        'latin1',
      );
    case 'bit': {
      const bytes = Buffer.from(sound);
      const at = position % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (position % 8));
      return writeFile(path, bytes);
    }
    case 'signature':
      return writeFile(path, text.replace(/"sig":"[0-9a-f]{8}/, '"sig":"00000000'), 'latin1');
    case 'older':
      return writeFile(path, await readFile(older));
    case 'garbage':
      return writeFile(path, createHash('sha512').update(String(position)).digest());
    case 'no JSON object':
      return writeFile(path, ['[]', 'null', '7', '""', '{}'][position % 5] ?? '');
  }
}

class Enough extends Error {}

/** Tries to release everything, with few attempts of each step. @returns what the steps said. */
async function attempt(world: World): Promise<{ type: string; message: string }[]> {
  const said: { type: string; message: string }[] = [];
  const fresh = freshConductor(world.config);
  let left = ATTEMPTS;
  try {
    await releaseAll({
      ...fresh,
      onDone: () => {
        left = ATTEMPTS;
        return Promise.resolve();
      },
      onFailure: (_, __, failure) => {
        said.push(failure);
        if (--left <= 0) throw new Enough();
        return Promise.resolve();
      },
    });
  } catch (error) {
    if (error instanceof StepFailed) said.push(error.failure);
    else if (!(error instanceof Enough)) throw error;
  }
  return said;
}

// ---- looking ----

/** A conductor that takes no failure for granted: nothing here is transient. */
function strict(world: World) {
  const fresh = freshConductor(world.config);
  return {
    ...fresh,
    executor: (role: Parameters<typeof fresh.executor>[0]): Executor => fresh.executor(role),
    onFailure: (_: string, name: string, failure: { type: string; message: string }): Promise<void> =>
      Promise.reject(new Error(`${name} fails: ${failure.type}: ${failure.message}`)),
  };
}

/** Content by path, names that are no UTF-8 in hex; undefined for what is no file. */
type Tree = Record<string, string | undefined>;

async function treeOf(top: string): Promise<Tree> {
  const tree: Tree = {};
  const visit = async (path: Buffer, within: string): Promise<void> => {
    for (const raw of await readdir(path, { encoding: 'buffer' })) {
      const text = raw.toString('utf8');
      const name = `${within}${Buffer.from(text).equals(raw) ? text : `0x${raw.toString('hex')}`}`;
      const below = Buffer.concat([path, Buffer.from('/'), raw]);
      const stats = await lstat(below);
      if (stats.isDirectory()) await visit(below, `${name}/`);
      else if (stats.isSymbolicLink()) tree[name] = `-> ${await readlink(below)}`;
      else tree[name] = await readFile(below, 'utf8');
    }
  };
  await visit(Buffer.from(top), '');
  return tree;
}

/** What lies under plain names. */
async function publishedFiles(world: World): Promise<Record<string, string>> {
  const tree = await treeOf(join(world.config.repositoryPath, 'targets'));
  const plainNames = Object.entries(tree).filter(([path]) => !/(^|\/)[0-9a-f]{64}\./.test(path));
  return Object.fromEntries(plainNames.map(([path, content]) => [path, content ?? '']));
}

function mustBe(actual: unknown, expected: unknown, what: string): void {
  if (fc.stringify(actual) !== fc.stringify(expected)) {
    throw new Error(`${what}: ${fc.stringify(actual)} instead of ${fc.stringify(expected)}`);
  }
}

function mustAgree(complaints: readonly string[]): Promise<void> {
  return complaints.length === 0 ? Promise.resolve() : Promise.reject(new Error(complaints.join('; ')));
}
