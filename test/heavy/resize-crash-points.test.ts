import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { TuflineError } from '../../src/errors/index.js';
import {
  openRepository,
  resizeTargets,
  sweepStaging,
  updateSnapshot,
  updateTimestamp,
  verifyRepository,
  type HashBins,
} from '../../src/repository/index.js';
import { ResizeStage } from '../../src/repository/resize/resize-stage.js';
import { assertClientsSeeAllOfIt, timestampVersion } from '../support/client-view.js';
import { Disk } from '../support/power-cut.js';
import { makeRepository, publish, repositoryOptions, type TestRepository } from '../support/repository.js';
import { callsOf, SimulatedProcess, type Call, type StopAt } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

/** Growing and shrinking, with file names that both layouts have, and to and from one file. */
const FROM_ONE_FILE = [0, 2] as const;
const GROWING = [2, 4] as const;
const WAYS = [FROM_ONE_FILE, GROWING, [4, 2], [4, 0]] as const;

const FILES = { a: '1', b: '2', c: '3', 'dir/d': '4', 'dir/e': '5' };

interface Prepared {
  readonly to: HashBins | undefined;
  /** A copy of the repository before the resize, opened as a process that starts does. */
  readonly copy: (name: string) => Promise<TestRepository>;
  readonly calls: readonly Call[];
}

async function prepare(t: TestContext, from: number, count: number): Promise<Prepared> {
  const directory = await temporaryDirectory(t);
  const hashBins = { count: from, style: 'path_hash_prefixes', snapshotEntries: 'full' } as const;
  const made = await makeRepository(join(directory, 'template'), { hashBins });
  await publish(made, '1', FILES);
  const copy = async (name: string): Promise<TestRepository> => {
    const to = join(directory, name);
    for (const part of ['repository', 'state'])
      await cp(join(made.directory, part), join(to, part), { recursive: true });
    return reopen({ ...made, directory: to });
  };
  const to: HashBins | undefined = count > 0 ? { count, style: 'path_hash_prefixes' } : undefined;
  const dry = await copy('dry');
  return { to, copy, calls: await callsOf(() => resize(dry, to)) };
}

function reopen(made: TestRepository): TestRepository {
  const options = repositoryOptions(made.directory);
  return { ...made, options, repository: openRepository(options) };
}

/** The steps of the three signing workers, as the activities take them. */
async function resize({ repository, signers }: TestRepository, to: HashBins | undefined) {
  const outcome = await resizeTargets(repository, signers, to);
  const atLeastCommit = outcome.record.number;
  await sweepStaging(repository, 'targets');
  const snapshot = await updateSnapshot(repository, signers.snapshot, { atLeastCommit });
  await sweepStaging(repository, 'snapshot');
  await updateTimestamp(repository, signers.timestamp, { atLeastSnapshot: snapshot.number });
  await sweepStaging(repository, 'timestamp');
  return outcome;
}

function* stops(calls: readonly Call[]): Generator<StopAt & { readonly name: string }> {
  for (const [index, { name, path }] of calls.entries()) {
    const call = index + 1;
    const where = `${String(call)} ${name} ${path.split('/').slice(-2).join('/')}`;
    if (name === 'rm' || name === 'write') yield { call, when: 'half', name: `half way through ${where}` };
    yield { call, when: 'after', name: `after ${where}` };
  }
}

/** What has to be there once the resize is through, whatever happened on the way. */
async function assertResizedOnce(
  made: TestRepository,
  to: HashBins | undefined,
  records = 3,
  timestamps = 3,
): Promise<void> {
  const { repository, options } = reopen(made);
  assert.deepEqual(await verifyRepository(repository), []);
  const latest = await repository.commits.latest();
  assert.deepEqual(latest?.hash_bins, to);
  assert.equal(latest?.number, records);
  assert.ok((await assertClientsSeeAllOfIt(options.repositoryPath)) >= timestamps);
  // Whatever lies there has a version that a record gives: none is burnt.
  const recorded = new Set(['1.root.json', 'timestamp.json']);
  for await (const { meta } of repository.commits.from(1))
    for (const [file, { version }] of Object.entries(meta)) recorded.add(`${String(version)}.${file}`);
  for await (const { meta } of repository.snapshots.from(1))
    recorded.add(`${String(meta['snapshot.json'].version)}.snapshot.json`);
  assert.deepEqual(new Set(await readdir(repository.paths.metadata)), recorded);
  for (const owner of ['targets', 'snapshot', 'timestamp'] as const) await sweepStaging(repository, owner);
  assert.deepEqual(await readdir(repository.paths.staging), [], 'nothing is left staged');
}

for (const [from, count] of WAYS) {
  test(`killed at any change of the file system, a resize from ${String(from)} to ${String(count)} bins ends in the same versions`, async (t) => {
    const { copy, calls, to } = await prepare(t, from, count);
    assert.ok(calls.length > 30, 'the calls of a resize are seen');
    let reused = 0;
    for (const { name, ...stopAt } of stops(calls)) {
      await t.test(name, async () => {
        const made = await copy(`killed-${String(stopAt.call)}-${stopAt.when}`);
        const killed = new SimulatedProcess(stopAt);
        assert.notEqual((await killed.run(() => resize(made, to))).state, 'failed');
        await killed.abandon();
        await assertClientsSeeAllOfIt(made.options.repositoryPath);
        reused += (await resize(reopen(made), to)).reused;
        await assertResizedOnce(made, to);
        await rm(made.directory, { recursive: true });
      });
    }
    assert.ok(reused > 0, 'what was finished is not done again');
  });
}

for (const [from, count] of [FROM_ONE_FILE, GROWING]) {
  const way = `from ${String(from)} to ${String(count)} bins`;

  for (const names of ['durable', 'all'] as const) {
    const what = names === 'durable' ? 'keeps only what was fsynced' : 'empties what was not fsynced';
    test(`a power cut at any change that ${what}, on the way ${way}`, async (t) => {
      const { copy, calls, to } = await prepare(t, from, count);
      for (const { name, ...stopAt } of stops(calls)) {
        if (stopAt.when === 'half') continue;
        await t.test(name, async () => {
          const made = await copy(`cut-${String(stopAt.call)}`);
          const disk = await Disk.at(made.directory);
          const cut = new SimulatedProcess(stopAt, disk.hooks);
          assert.notEqual((await cut.run(() => resize(made, to))).state, 'failed');
          await cut.abandon();
          const left = reopen({ ...made, directory: `${made.directory}-left` });
          await mkdir(left.directory);
          await disk.restore(left.directory, names);
          await assertClientsSeeAllOfIt(left.options.repositoryPath);
          await resize(left, to);
          await assertResizedOnce(left, to);
          for (const { directory } of [made, left]) await rm(directory, { recursive: true });
        });
      }
    });
  }

  test(`an attempt that wakes up after another has gone on harms nothing, ${way}`, async (t) => {
    const { copy, calls, to } = await prepare(t, from, count);
    for (const { name, ...stopAt } of stops(calls)) {
      if (stopAt.when === 'half') continue;
      await t.test(name, async () => {
        const made = await copy(`late-${String(stopAt.call)}`);
        const { repositoryPath } = made.options;
        let version = 2;
        const afterCall = async (): Promise<void> => {
          const now = await timestampVersion(repositoryPath);
          assert.ok(now >= version, `timestamp.json goes back to ${String(now)}`);
          version = now;
        };
        const late = new SimulatedProcess(stopAt, { afterCall });
        assert.notEqual((await late.run(() => resize(made, to))).state, 'failed');
        const other = reopen(made);
        await publish(other, '2', { a: 'two', f: 'new' });
        await resize(other, to);
        await publish(other, '3', { b: 'three' });
        version = await assertClientsSeeAllOfIt(repositoryPath);
        const outcome = await late.goOn();
        if (outcome.state !== 'done') {
          assert.equal(outcome.state, 'failed');
          assert.ok(
            outcome.error instanceof TuflineError && outcome.error.kind === 'transient',
            String(outcome.error),
          );
        }
        await resize(reopen(made), to);
        await assertResizedOnce(made, to, 5, 4);
        await rm(made.directory, { recursive: true });
      });
    }
  });
}

test('an attempt from which another takes the stage, at any point, never names what is not there', async (t) => {
  const [from, count] = GROWING;
  const { copy, calls, to } = await prepare(t, from, count);
  for (const { name, ...stopAt } of stops(calls)) {
    if (stopAt.when === 'half') continue;
    await t.test(name, async () => {
      const made = await copy(`taken-${String(stopAt.call)}`);
      const late = new SimulatedProcess(stopAt);
      assert.notEqual((await late.run(() => resize(made, to))).state, 'failed');
      // It is killed when it has just begun.
      await ResizeStage.open(reopen(made).repository, from, count);
      const outcome = await late.goOn();
      if (outcome.state === 'failed')
        assert.ok(
          outcome.error instanceof TuflineError && outcome.error.kind === 'transient',
          String(outcome.error),
        );
      await assertClientsSeeAllOfIt(made.options.repositoryPath);
      await resize(reopen(made), to);
      await assertResizedOnce(made, to);
      await rm(made.directory, { recursive: true });
    });
  }
});

test('clients see all of what any visible metadata lists, after every single change of a resize', async (t) => {
  for (const [from, count] of WAYS) {
    const { copy, to } = await prepare(t, from, count);
    const made = await copy('watched');
    let seen = 0;
    const afterCall = async (): Promise<void> => {
      seen++;
      await assertClientsSeeAllOfIt(made.options.repositoryPath);
    };
    await callsOf(() => resize(made, to), { afterCall });
    assert.ok(seen > 30);
  }
});
