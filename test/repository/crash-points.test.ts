import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { TuflineError } from '../../src/errors/index.js';
import {
  isVisible,
  openRepository,
  resumeCommit,
  sweepStaging,
  updateSnapshot,
  updateTimestamp,
  verifyRepository,
  type CommitRecord,
  type Repository,
} from '../../src/repository/index.js';
import { assertClientsSeeAllOfIt, timestampVersion } from '../support/client-view.js';
import { Disk } from '../support/power-cut.js';
import {
  commit,
  makeRepository,
  repositoryOptions,
  stage,
  type Files,
  type TestRepository,
} from '../support/repository.js';
import {
  callsOf,
  SimulatedProcess,
  type Call,
  type Outcome,
  type StopAt,
} from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

const FIRST: Files = { a: 'first', 'dir/kept': 'kept' };
const SECOND: Files = { a: 'second', 'dir/b': 'b', 'new/c': '' };

/** Everything on: two hashes, names without a hash. */
type Changes = Parameters<typeof repositoryOptions>[1];
const CHANGES = { hashAlgorithms: ['sha256', 'sha512'], plainTargetNames: true } as const;

interface Prepared {
  readonly made: TestRepository;
  /** A copy of the repository before the release, opened as a process that starts does. */
  readonly copy: (name: string) => Promise<TestRepository>;
  readonly calls: readonly Call[];
}

/** A repository with one release, and what publishing the next one does to the file system. */
async function prepare(t: TestContext, changes: Changes = CHANGES): Promise<Prepared> {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(join(directory, 'template'), changes);
  await release(made, '1', FIRST);
  const copy = async (name: string): Promise<TestRepository> => {
    const to = join(directory, name);
    for (const part of ['repository', 'state']) {
      await cp(join(made.directory, part), join(to, part), { recursive: true });
    }
    return reopen({ ...made, directory: to }, changes);
  };
  const dry = await copy('dry');
  const calls = await callsOf(() => release(dry, '2', SECOND));
  return { made, copy, calls };
}

function reopen(made: TestRepository, changes: Changes = CHANGES): TestRepository {
  const options = repositoryOptions(made.directory, changes);
  return { ...made, options, repository: openRepository(options) };
}

/** The steps of the three signing workers for one release, as the activities take them. */
async function release(made: TestRepository, timestamp: string, files: Files): Promise<CommitRecord> {
  const { repository, signers } = made;
  const id = { timestamp, release: `id-${timestamp}` };
  let record = await resumeCommit(repository, id);
  if (!record) {
    const staged = await stage(made, timestamp, files, { release: id.release });
    record = await commit({ repository, signers }, [staged]);
  }
  await sweepStaging(repository, 'targets');
  const snapshot = await updateSnapshot(repository, signers.snapshot, { atLeastCommit: record.number });
  await sweepStaging(repository, 'snapshot');
  await updateTimestamp(repository, signers.timestamp, { atLeastSnapshot: snapshot.number });
  await sweepStaging(repository, 'timestamp');
  return record;
}

/** Files are staged several at a time, so a run may make a directory once more or less: near the end it may get through. */
function mayHaveStopped({ state }: Outcome<unknown>): void {
  assert.notEqual(state, 'failed');
}

function* stops(calls: readonly Call[]): Generator<StopAt & { readonly name: string }> {
  for (const [index, { name, path }] of calls.entries()) {
    const call = index + 1;
    const where = `${String(call)} ${name} ${path.split('/').slice(-3).join('/')}`;
    if (call === 1) yield { call, when: 'before', name: `before ${where}` };
    if (name === 'rm' || name === 'write') yield { call, when: 'half', name: `half way through ${where}` };
    yield { call, when: 'after', name: `after ${where}` };
  }
}

/** What has to be there once release 2 is through, whatever happened on the way. */
async function assertPublishedOnce(made: TestRepository, record: CommitRecord): Promise<void> {
  assert.equal(record.number, 3);
  const fresh = reopen(made).repository;
  assert.deepEqual(await verifyRepository(fresh), []);
  assert.equal(await isVisible(fresh, record), true);
  const names = (await readdir(fresh.paths.metadata)).filter((name) => !name.startsWith('.'));
  const versions = ['1', '2', '3'].flatMap((version) => [
    `${version}.snapshot.json`,
    `${version}.targets.json`,
  ]);
  assert.deepEqual(
    names.sort(),
    ['1.root.json', ...versions, 'timestamp.json'].sort(),
    'no version is burnt',
  );
  assert.equal(await assertClientsSeeAllOfIt(made.options.repositoryPath), 3);
  await assertNothingStaged(fresh);
}

async function assertNothingStaged(repository: Repository): Promise<void> {
  for (const owner of ['targets', 'snapshot', 'timestamp'] as const) await sweepStaging(repository, owner);
  assert.deepEqual(await readdir(repository.paths.staging), [], 'nothing is left staged');
}

/** What a power cut may leave that does not serve clients. */
async function failuresAfterPowerCut(made: TestRepository, disk: Disk): Promise<string[]> {
  const failures: string[] = [];
  for (const names of ['durable', 'replaced', 'all'] as const) {
    const left = `${made.directory}-${names}`;
    await disk.restore(left, names);
    await assertClientsSeeAllOfIt(join(left, 'repository')).catch((error: unknown) => {
      failures.push(`names ${names}: ${String(error)}`);
    });
    await rm(left, { recursive: true });
  }
  return failures;
}

test('what a worker has put in place and not made durable is not shown, lest a power cut take it away', async (t) => {
  // Without names that replace something: with them there are more fsyncs on the way.
  const { copy, calls } = await prepare(t, {});
  let shown = 0;
  for (const [index, { name, path }] of calls.entries()) {
    for (const role of ['snapshot', 'timestamp'] as const) {
      const made = await copy(`asleep-${String(index)}-${role}`);
      // Its workers have been there for a while: what they have done once need not be looked at again.
      const { repository, signers } = reopen(made, {});
      await updateSnapshot(repository, signers.snapshot, { atLeastCommit: 2 });
      await updateTimestamp(repository, signers.timestamp, { atLeastSnapshot: 2 });
      const disk = await Disk.at(made.directory);
      const asleep = new SimulatedProcess({ call: index + 1, when: 'after' }, disk.hooks);
      mayHaveStopped(await asleep.run(() => release(made, '2', SECOND)));
      const failures: string[] = [];
      const afterCall = async (call: Call): Promise<void> => {
        if (call.name !== 'rename' || !call.path.endsWith('/timestamp.json')) return;
        shown++;
        failures.push(...(await failuresAfterPowerCut(made, disk)));
      };
      // Another release goes on with what lies there.
      const other = new SimulatedProcess(undefined, { ...disk.hooks, afterCall });
      const outcome = await other.run(async () => {
        if (role === 'snapshot') await updateSnapshot(repository, signers.snapshot, { atLeastCommit: 3 });
        await updateTimestamp(repository, signers.timestamp, { atLeastSnapshot: 3 });
      });
      if (outcome.state === 'failed' && !(outcome.error instanceof TuflineError)) throw outcome.error;
      failures.push(...(await failuresAfterPowerCut(made, disk)));
      assert.deepEqual(failures, [], `one asleep after ${name} ${path}, then the other from ${role} on`);
      await asleep.abandon();
      await rm(made.directory, { recursive: true });
    }
  }
  assert.ok(shown > 10, 'it was shown while the first one slept at many of its calls');
});

test('killed at any change of the file system, a release ends in the same versions when it runs again', async (t) => {
  const { copy, calls } = await prepare(t);
  assert.ok(calls.length > 50, 'the calls of a release are seen');
  for (const { name, ...stopAt } of stops(calls)) {
    await t.test(name, async () => {
      const made = await copy('killed');
      const killed = new SimulatedProcess(stopAt);
      mayHaveStopped(await killed.run(() => release(made, '2', SECOND)));
      await killed.abandon();
      await assertClientsSeeAllOfIt(made.options.repositoryPath);
      await assertPublishedOnce(made, await release(reopen(made), '2', SECOND));
      await rm(made.directory, { recursive: true });
    });
  }
});

for (const names of ['durable', 'all'] as const) {
  const what =
    names === 'durable' ? 'keeps nothing that was not fsynced' : 'empties every file that was not fsynced';
  test(`a power cut at any change that ${what} ends in the same versions`, async (t) => {
    const { copy, calls } = await prepare(t);
    for (const { name, ...stopAt } of stops(calls)) {
      if (stopAt.when === 'half') continue;
      await t.test(name, async () => {
        const made = await copy('cut');
        const disk = await Disk.at(made.directory);
        const cut = new SimulatedProcess(stopAt, disk.hooks);
        mayHaveStopped(await cut.run(() => release(made, '2', SECOND)));
        await cut.abandon();
        const left = { ...made, directory: `${made.directory}-left` };
        await mkdir(left.directory);
        await disk.restore(left.directory, names);
        // What the pipeline handed over is not of this library; it is handed over again.
        await rm(join(left.directory, 'inbound'), { recursive: true, force: true });
        const after = reopen(left);
        await assertClientsSeeAllOfIt(after.options.repositoryPath);
        await assertPublishedOnce(after, await release(after, '2', SECOND));
        for (const { directory } of [made, left]) await rm(directory, { recursive: true });
      });
    }
  });
}

test('clients see all of what any visible metadata lists, after every single change', async (t) => {
  const { copy } = await prepare(t);
  const made = await copy('watched');
  let version = 2;
  let seen = 0;
  const afterCall = async (): Promise<void> => {
    seen++;
    const now = await assertClientsSeeAllOfIt(made.options.repositoryPath);
    assert.ok(now >= version, 'timestamp.json never goes back');
    version = now;
  };
  const calls = await callsOf(() => release(made, '2', SECOND), { afterCall });
  assert.ok(seen > 50 && seen <= calls.length, 'after each call that changed something');
  assert.equal(version, 3);
});

test('a worker that is late by two releases, from any change on, harms nothing', async (t) => {
  const { copy, calls } = await prepare(t);
  for (const { name, ...stopAt } of stops(calls)) {
    if (stopAt.when === 'half') continue;
    await t.test(name, async () => {
      const made = await copy('late');
      const { repositoryPath } = made.options;
      let version = 2;
      const afterCall = async (): Promise<void> => {
        const now = await timestampVersion(repositoryPath);
        assert.ok(now >= version, `timestamp.json goes back from ${String(version)} to ${String(now)}`);
        version = now;
      };
      const late = new SimulatedProcess(stopAt, { afterCall });
      mayHaveStopped(await late.run(() => release(made, '2', SECOND)));
      const other = reopen(made);
      await release(other, '3', { b: 'third', 'dir/kept': 'third' });
      await release(other, '4', { b: 'fourth' });
      version = await assertClientsSeeAllOfIt(repositoryPath);

      const outcome = await late.goOn();
      if (outcome.state !== 'done') {
        // Its stage may have been swept, as another took its number: that is tried again, and nothing else is allowed.
        assert.equal(outcome.state, 'failed');
        assert.ok(
          outcome.error instanceof TuflineError && outcome.error.kind === 'transient',
          String(outcome.error),
        );
      }
      await release(reopen(made), '2', SECOND);
      const fresh = reopen(made).repository;
      assert.deepEqual(await verifyRepository(fresh), []);
      assert.equal((await fresh.commits.latest())?.number, 5, 'each release is committed once');
      await assertClientsSeeAllOfIt(repositoryPath);
      await assertNothingStaged(fresh);
      await rm(made.directory, { recursive: true });
    });
  }
});
