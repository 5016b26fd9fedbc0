import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  abortRelease,
  decisionOf,
  openRepository,
  publishedState,
  pruneTargets,
  pruneTimestamp,
  resizeTargets,
  resumeCommit,
  sweepStaging,
  updateSnapshot,
  updateTimestamp,
  verifyRepository,
  type RepositoryOptions,
} from '../../src/repository/index.js';
import { fileOf } from '../../src/repository/metadata/hash-bins.js';
import { failsWith } from '../support/failure.js';
import {
  assertFollows,
  Clock,
  DAY,
  prune,
  publishDaily,
  signedOf,
  timestampOf,
  whatLies,
} from '../support/prune.js';
import {
  commit,
  makeRepository,
  makeVisible,
  publish,
  repositoryOptions,
  stage,
  type Files,
  type TestRepository,
} from '../support/repository.js';
import { callsOf, SimulatedProcess, type Call, type StopAt } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

const HISTORY: readonly Files[] = [
  { a: 'one', 'dir/b': 'one', kept: 'kept', back: 'first' },
  { a: 'two', back: 'other' },
  { a: 'three', 'dir/b': 'two' },
  { back: 'first', 'dir/c': 'one' },
];
/** 40 days later. Of bytes that came back some are listed by the oldest kept metadata only, some by the newest only. */
const NEWEST: Files = { kept: 'kept', 'dir/c': 'two', back: 'later', 'dir/b': 'one' };

const LAYOUTS = {
  flat: {},
  'in bins': { hashBins: { count: 4, style: 'path_hash_prefixes', snapshotEntries: 'full' } },
} as const satisfies Record<string, Partial<RepositoryOptions>>;
const BOTH_HASHES = { hashAlgorithms: ['sha256', 'sha512'], plainTargetNames: true } as const;

interface Prepared {
  readonly made: TestRepository;
  readonly clock: Clock;
  /** Timestamps that clients may still hold, and ones that they may not. */
  readonly valid: readonly Buffer[];
  readonly old: readonly Buffer[];
  readonly copy: (name: string) => Promise<TestRepository>;
  readonly reopen: (made: TestRepository) => TestRepository;
}

/** A repository with a past of 44 days, of which everything before the last release but one is to go. */
async function prepare(t: TestContext, changes: Partial<RepositoryOptions> = {}): Promise<Prepared> {
  const directory = await temporaryDirectory(t);
  const clock = new Clock(Date.now() - 50 * DAY);
  const options = { ...changes, now: clock.now };
  const made = await makeRepository(join(directory, 'template'), options);
  const first = await publishDaily(made, clock, HISTORY);
  clock.time += 40 * DAY;
  const last = await publishDaily(made, clock, [NEWEST], HISTORY.length + 1);
  const reopen = (from: TestRepository): TestRepository => {
    const own = repositoryOptions(from.directory, options);
    return { ...from, options: own, repository: openRepository(own) };
  };
  const copy = async (name: string): Promise<TestRepository> => {
    const to = join(directory, name);
    for (const part of ['repository', 'state'])
      await cp(join(made.directory, part), join(to, part), { recursive: true });
    return reopen({ ...made, directory: to });
  };
  return { made, clock, old: first.slice(0, -1), valid: [...first.slice(-1), ...last], copy, reopen };
}

async function newestSnapshot({ repository }: TestRepository): Promise<string> {
  const version = (await repository.snapshots.latest())?.meta['snapshot.json'].version;
  return join(repository.paths.metadata, `${String(version)}.snapshot.json`);
}

async function copiesIn({ options }: TestRepository): Promise<string[]> {
  const names = await readdir(join(options.repositoryPath, 'targets'), { recursive: true });
  return names.filter((name) => /(^|\/)[0-9a-f]{64}\./.test(name));
}

function copyOf(path: string, content: string): string {
  const digest = createHash('sha256').update(content).digest('hex');
  return path.replace(/[^/]+$/, (name) => `${digest}.${name}`);
}

async function assertWhole(made: TestRepository, valid: readonly Buffer[]): Promise<void> {
  for (const timestamp of valid) await assertFollows(made.options.repositoryPath, timestamp);
}

for (const [layout, changes] of Object.entries(LAYOUTS)) {
  test(`what nobody can ask for any more goes, and nothing else (${layout})`, async (t) => {
    const { made, valid, old, reopen } = await prepare(t, { ...changes, ...BOTH_HASHES });
    const before = await whatLies(made);
    const told = await prune(reopen(made), { dryRun: true });
    assert.deepEqual(await whatLies(made), before, 'a dry run changes nothing');
    const pruned = await prune(made);
    assert.deepEqual(pruned, told, 'a dry run tells what goes');
    // Two copies each of a: one, two; back: other.
    assert.equal(pruned.targets.targets, 6);
    assert.ok(pruned.targets.metadata >= 4 && pruned.snapshot.metadata === 4 && pruned.targets.bytes > 1000);

    await assertWhole(made, valid);
    for (const timestamp of old)
      await assert.rejects(assertFollows(made.options.repositoryPath, timestamp), 'the old ones are gone');
    const wanted = [copyOf('a', 'three'), copyOf('kept', 'kept')];
    wanted.push(...['first', 'later'].map((content) => copyOf('back', content)));
    for (const path of ['dir/b', 'dir/c']) wanted.push(copyOf(path, 'one'), copyOf(path, 'two'));
    assert.deepEqual((await copiesIn(made)).sort(), wanted.sort());
    const metadata = await readdir(made.repository.paths.metadata);
    assert.ok(metadata.includes('1.root.json') && !metadata.includes('1.snapshot.json'));

    const fresh = reopen(made);
    assert.deepEqual(await verifyRepository(fresh.repository), []);
    assert.equal(await fresh.repository.timestamps.oldest(), 5);
    assert.ok((await fresh.repository.commits.oldest()) >= 5);
    const { targets, unpublished } = await publishedState(fresh.repository);
    assert.deepEqual([targets, unpublished], [5, []]);
    for (const log of ['commits', 'snapshot', 'timestamp'])
      assert.ok(!(await readdir(join(made.options.statePath, log))).includes('1.json'), log);

    const none = await prune(fresh);
    for (const { records, metadata: files, targets: copies } of Object.values(none))
      assert.deepEqual([records, files, copies], [0, 0, 0], 'a second time there is nothing');
    await publish(fresh, '9', { a: 'one' });
    assert.deepEqual(await verifyRepository(reopen(made).repository), []);
  });
}

test('targets that moved between files are neither lost nor kept for ever', async (t) => {
  const clock = new Clock(Date.now() - 150 * DAY);
  const made = await makeRepository(await temporaryDirectory(t), { now: clock.now });
  const { repository, signers } = made;
  const resize = async (count: number): Promise<void> => {
    const to = count === 0 ? undefined : ({ count, style: 'succinct' } as const);
    await makeVisible(made, (await resizeTargets(repository, signers, to)).record);
  };
  await publishDaily(made, clock, [{ a: 'one', b: 'one', c: 'one', d: 'one' }], 1);
  await resize(4);
  await publishDaily(made, clock, [{ a: 'two' }], 2);
  await resize(8);
  await publishDaily(made, clock, [{ b: 'two' }], 3);
  // Not shown to anybody before these bins are given up: the version before it stays listed.
  assert.equal(fileOf({ count: 8, style: 'succinct' }, 'h'), 'bins-5.json');
  await commit(made, [await stage(made, '3', { h: 'one' })]);
  await resize(0);
  const valid = await publishDaily(made, clock, [{ c: 'two' }], 4);
  clock.time += 40 * DAY;
  await resize(4);
  valid.push(await timestampOf(made));
  valid.push(...(await publishDaily(made, clock, [{ a: 'three', e: 'one' }], 5)));

  assert.equal((await prune(made)).targets.targets, 3, 'the first a, b and c');
  await assertWhole(made, valid);
  const { meta } = signedOf(await readFile(await newestSnapshot(made)));
  for (const [file, { version }] of Object.entries(meta))
    await stat(join(repository.paths.metadata, `${String(version)}.${file}`));
  const copies = ['two', 'three'].map((content) => copyOf('a', content));
  copies.push(
    copyOf('b', 'two'),
    copyOf('c', 'two'),
    copyOf('d', 'one'),
    copyOf('e', 'one'),
    copyOf('h', 'one'),
  );
  assert.deepEqual((await copiesIn(made)).sort(), copies.sort());
  // Nobody delegates to it any more, and yet clients refuse a snapshot that does not list it.
  assert.ok((await readdir(repository.paths.metadata)).includes('1.bins-7.json'));
  assert.deepEqual(await verifyRepository(openRepository(made.options)), []);

  // With eight bins again the old files of these bins are listed until their next version is all that can be asked for.
  await resize(8);
  await publishDaily(made, clock, [{ f: 'one' }], 6);
  clock.time += 40 * DAY;
  await publishDaily(made, clock, [{ g: 'one' }], 7);
  assert.equal((await prune(made)).targets.targets, 1, 'the second a');
  assert.ok(!(await readdir(repository.paths.metadata)).includes('1.bins-7.json'));
  assert.deepEqual(await verifyRepository(openRepository(made.options)), []);
  assert.equal((await publishedState(openRepository(made.options))).targets, 8);
});

test('bytes that come back in a bin of another layout stay', async (t) => {
  const clock = new Clock(Date.now() - 50 * DAY);
  const bins = (count: number) => ({ count, style: 'succinct' }) as const;
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { ...bins(4), snapshotEntries: 'full' },
    now: clock.now,
  });
  assert.notEqual(fileOf(bins(4), 'back'), fileOf(bins(8), 'back'));
  await publishDaily(made, clock, [{ back: 'one' }, { back: 'two' }, { other: 'one' }]);
  clock.time += 40 * DAY;
  const resized = await resizeTargets(made.repository, made.signers, bins(8));
  await makeVisible(made, resized.record);
  await publishDaily(made, clock, [{ back: 'one' }], 4);
  const { targets } = await prune(made);
  assert.deepEqual([targets.targets, targets.records > 0], [0, true]);
  assert.deepEqual(await verifyRepository(openRepository(made.options)), []);
});

test('a timestamp that has not expired keeps what it shows, however short the grace period', async (t) => {
  const directory = await temporaryDirectory(t);
  const clock = new Clock(Date.now() - 2 * DAY);
  const made = await makeRepository(directory, { now: clock.now, pruneAfter: 1 });
  await publish(made, '1', { a: 'one' });
  clock.time += DAY / 2;
  await publish(made, '2', { a: 'two' });
  const second = await timestampOf(made);
  clock.time += DAY / 4;
  await publish(made, '3', { a: 'three' });
  clock.time += DAY / 2;
  await publish(made, '4', { a: 'four' });
  await prune(made);
  await assertFollows(made.options.repositoryPath, second);
  assert.deepEqual(
    (await copiesIn(made)).sort(),
    ['two', 'three', 'four'].map((content) => copyOf('a', content)).sort(),
  );
  clock.time += DAY;
  await failsWith('expired-metadata', () => pruneTimestamp(made.repository));
});

test('a longer grace period keeps more, a shorter one counts for nothing', async (t) => {
  const { made } = await prepare(t);
  assert.equal((await pruneTimestamp(made.repository, { dryRun: true, olderThan: 50 * DAY })).records, 0);
  assert.equal((await pruneTimestamp(made.repository, { dryRun: true, olderThan: 1 })).records, 4);
});

test('a release whose record was pruned is known as applied for ever', async (t) => {
  const { made, reopen } = await prepare(t);
  await prune(made);
  const { repository, signers } = reopen(made);
  const before = await repository.commits.latest();
  const ref = { timestamp: '1', release: 'id-1' };
  assert.equal(await decisionOf(repository, 'id-1'), 'committed');
  assert.equal((await resumeCommit(repository, ref))?.number, 2);
  const late = await stage(made, '1', HISTORY[0] ?? {}, { release: 'id-1' });
  assert.equal((await commit({ repository, signers }, [late])).number, 2, 'its first record is the truth');
  const problem = { code: 'cancelled', message: 'Cancelled.', remedy: 'None.' };
  assert.equal((await abortRelease(repository, ref, problem)).decision, 'committed');
  assert.equal((await repository.commits.latest())?.number, before?.number, 'nothing was appended');
  // The same bytes in a claim of its own are older than what later releases wrote.
  await failsWith('superseded', async () =>
    commit({ repository, signers }, [await stage(made, '1', HISTORY[0] ?? {})]),
  );
  assert.deepEqual(await verifyRepository(reopen(made).repository), []);
});

test('a damaged checkpoint has no record removed that it was to stand for', async (t) => {
  const { made } = await prepare(t);
  const { commits, targetsState } = made.repository;
  const kept = await commits.mustRead(5);
  const path = await targetsState.writeCheckpoint(kept);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('"targets":', '"targets":1'));
  await failsWith('damaged-checkpoint', () => pruneTargets(made.repository));
  assert.equal(await commits.oldest(), 1);
  await rm(path);
  await pruneTargets(made.repository);
  assert.equal(await commits.oldest(), 5);
});

/** Of its own, so that what a failed one leaves is in nobody's way. */
function directoryName({ call, when }: StopAt): string {
  return `${when}-${String(call)}`;
}

function* stops(calls: readonly Call[]): Generator<StopAt & { readonly name: string }> {
  for (const [index, { name, path }] of calls.entries()) {
    const call = index + 1;
    const where = `${String(call)} ${name} ${path.split('/').slice(-3).join('/')}`;
    // Between its last look and what cannot be undone a process may stay for long.
    if (call === 1 || name === 'link' || name === 'rename')
      yield { call, when: 'before', name: `before ${where}` };
    yield { call, when: 'after', name: `after ${where}` };
  }
}

/** The steps of the signing workers for one release. */
async function release({ repository, signers, ...made }: TestRepository, timestamp: string, files: Files) {
  const id = { timestamp, release: `id-${timestamp}` };
  let record = await resumeCommit(repository, id);
  if (!record) {
    const staged = await stage({ ...made, repository }, timestamp, files, { release: id.release });
    record = await commit({ repository, signers }, [staged]);
  }
  const snapshot = await updateSnapshot(repository, signers.snapshot, { atLeastCommit: record.number });
  await updateTimestamp(repository, signers.timestamp, { atLeastSnapshot: snapshot.number });
  for (const owner of ['targets', 'snapshot', 'timestamp'] as const) await sweepStaging(repository, owner);
  return record;
}

for (const [layout, changes] of Object.entries(LAYOUTS)) {
  test(`killed at any change of the file system it goes on where it was (${layout})`, async (t) => {
    const { copy, reopen, valid } = await prepare(t, changes);
    const undisturbed = await copy('undisturbed');
    await prune(undisturbed);
    const wanted = await whatLies(undisturbed);
    const dry = await copy('dry');
    const calls = await callsOf(() => prune(dry));
    assert.ok(calls.length > 40, 'the calls are seen');
    for (const { name, ...stopAt } of stops(calls)) {
      await t.test(name, async () => {
        const made = await copy(directoryName(stopAt));
        const killed = new SimulatedProcess(stopAt, { afterCall: () => assertWhole(made, valid) });
        assert.notEqual((await killed.run(() => prune(made))).state, 'failed');
        await killed.abandon();
        await assertWhole(made, valid);
        // What was going on is no finding, but for a removal that its redo has to complete.
        assert.deepEqual(await verifyRepository(reopen(made).repository), []);
        await prune(reopen(made));
        for (const owner of ['targets', 'snapshot', 'timestamp'] as const)
          await sweepStaging(reopen(made).repository, owner);
        assert.deepEqual(await whatLies(made), wanted, 'nothing is left over, nothing more is gone');
        await release(reopen(made), '9', { a: 'one', 'dir/b': 'one' });
        assert.deepEqual(await verifyRepository(reopen(made).repository), []);
        await rm(made.directory, { recursive: true });
      });
    }
  });

  test(`a prune that is late takes nothing from a release of the same old bytes (${layout})`, async (t) => {
    const { copy, reopen } = await prepare(t, changes);
    const dry = await copy('dry');
    const calls = await callsOf(() => pruneTargets(dry.repository));
    for (const { name, ...stopAt } of stops(calls)) {
      await t.test(name, async () => {
        const made = await copy(directoryName(stopAt));
        const late = new SimulatedProcess(stopAt);
        assert.notEqual((await late.run(() => pruneTargets(made.repository))).state, 'failed');
        await release(reopen(made), '8', { a: 'one', back: 'other' });
        await release(reopen(made), '9', { 'dir/b': 'one' });
        assertLate(await late.goOn());
        const fresh = reopen(made);
        await prune(fresh);
        assert.deepEqual(await verifyRepository(reopen(made).repository), []);
        const copies = await copiesIn(made);
        for (const [path, content] of [
          ['a', 'one'],
          ['back', 'other'],
          ['dir/b', 'one'],
        ] as const)
          assert.ok(copies.includes(copyOf(path, content)), `${path} is there`);
        await rm(made.directory, { recursive: true });
      });
    }
  });

  test(`a prune in the middle of a release takes nothing from it (${layout})`, async (t) => {
    const { copy, reopen } = await prepare(t, changes);
    const files: Files = { a: 'one', 'dir/b': 'one' };
    const dry = await copy('dry');
    const calls = await callsOf(() => release(dry, '9', files));
    for (const { name, ...stopAt } of stops(calls)) {
      await t.test(name, async () => {
        const made = await copy(directoryName(stopAt));
        const late = new SimulatedProcess(stopAt);
        assert.notEqual((await late.run(() => release(made, '9', files))).state, 'failed');
        await prune(reopen(made));
        assertLate(await late.goOn());
        await release(reopen(made), '9', files);
        assert.deepEqual(await verifyRepository(reopen(made).repository), []);
        const copies = await copiesIn(made);
        assert.ok(copies.includes(copyOf('a', 'one')) && copies.includes(copyOf('dir/b', 'one')));
        await rm(made.directory, { recursive: true });
      });
    }
  });
}

/** Whoever is late may have lost its stage or its number, which is tried again; nothing else is allowed. */
function assertLate(outcome: Awaited<ReturnType<SimulatedProcess['goOn']>>): void {
  if (outcome.state === 'done') return;
  const error = outcome.state === 'failed' ? outcome.error : outcome.state;
  const kind = typeof error === 'object' && error !== null && 'kind' in error ? error.kind : undefined;
  assert.equal(kind, 'transient', String(error));
}

const LATE: Readonly<Record<string, (made: TestRepository) => Promise<unknown>>> = {
  release: (made: TestRepository) => release(made, '7', { late: 'late' }),
  abort: ({ repository }: TestRepository) =>
    abortRelease(
      repository,
      { timestamp: '7', release: 'id-7' },
      { code: 'cancelled', message: 'Cancelled.', remedy: 'None.' },
    ),
};

for (const [what, run] of Object.entries(LATE)) {
  test(`a worker that sleeps until its number is pruned cannot take it (${what})`, async (t) => {
    const { copy, reopen, clock } = await prepare(t);
    const now = clock.time;
    t.after(() => (clock.time = now));
    const dry = await copy('dry');
    const calls = await callsOf(() => run(dry));
    for (const { name, ...stopAt } of stops(calls)) {
      await t.test(name, async () => {
        clock.time = now;
        const made = await copy(directoryName(stopAt));
        const late = new SimulatedProcess(stopAt);
        assert.notEqual((await late.run(() => run(made))).state, 'failed');
        const other = reopen(made);
        await publishDaily(other, clock, [{ a: 'x' }, { a: 'y' }, { a: 'z' }], 20);
        clock.time += 40 * DAY;
        await publishDaily(other, clock, [{ a: 'newest' }], 30);
        await prune(reopen(made));
        const oldest = await other.repository.commits.oldest();
        assert.ok(oldest > 8, 'the number is pruned');

        assertLate(await late.goOn());
        for (const log of ['commits', 'snapshot', 'timestamp'] as const) {
          const numbers = (await readdir(join(made.options.statePath, log))).flatMap(
            (file) => /^(\d+)\.json$/.exec(file)?.[1] ?? [],
          );
          const first = Math.min(...numbers.map(Number));
          assert.equal(first, Math.max(...numbers.map(Number)) - numbers.length + 1, `${log} has no gap`);
        }
        await run(made);
        assert.deepEqual(await verifyRepository(reopen(made).repository), []);
        assert.equal(
          await decisionOf(reopen(made).repository, 'id-7'),
          what === 'abort' ? 'aborted' : 'committed',
        );
        await rm(made.directory, { recursive: true });
      });
    }
  });
}

test('a process that slept through a prune finds the newest record again', async (t) => {
  const { copy, reopen, clock } = await prepare(t);
  const now = clock.time;
  const made = await copy('asleep');
  const { repository } = made;
  const before = await repository.commits.latest();
  assert.ok(before);
  await repository.targetsState.at(before);
  const other = reopen(made);
  await publishDaily(other, clock, [{ a: 'x' }, { a: 'y' }], 20);
  clock.time += 40 * DAY;
  await publishDaily(other, clock, [{ a: 'newest' }], 30);
  await prune(other);
  const real = Date.now();
  t.mock.timers.enable({ apis: ['Date'], now: real + 3_600_000 });
  const newest = await repository.commits.latest();
  assert.equal(newest?.number, (await other.repository.commits.latest())?.number);
  assert.ok(newest);
  assert.equal((await repository.targetsState.at(newest)).targets, newest.targets);
  t.mock.timers.reset();
  clock.time = now;
});
