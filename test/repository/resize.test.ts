import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { TuflineError } from '../../src/errors/index.js';
import {
  abortRelease,
  openRepository,
  pruneSnapshot,
  pruneTargets,
  pruneTimestamp,
  publishedState,
  refreshTargets,
  resizeTargets,
  sweepStaging,
  updateSnapshot,
  updateTimestamp,
  verifyRepository,
  type HashBins,
  type ResizeOptions,
} from '../../src/repository/index.js';
import { binFile, binOf, fileOf } from '../../src/repository/metadata/hash-bins.js';
import { listEntries, spliceEntries } from '../../src/repository/metadata/target-entries.js';
import { mergeEntries, splitEntries } from '../../src/repository/resize/move-entries.js';
import { currentTargets, findPublished } from '../../src/repository/roles/current-targets.js';
import { ResizeStage } from '../../src/repository/resize/resize-stage.js';
import { assertClientsSeeAllOfIt } from '../support/client-view.js';
import { failsWith } from '../support/failure.js';
import {
  makeRepository,
  makeSigner,
  makeVisible,
  publish,
  type Files,
  type TestRepository,
} from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';
import { downloadWithTufJs } from '../support/tuf-js-client.js';
import { serveDirectory } from '../support/web-server.js';

const STYLES = ['path_hash_prefixes', 'succinct'] as const;
const bins = (count: number, style: HashBins['style'] = 'succinct'): HashBins | undefined =>
  count === 0 ? undefined : { count, style };

function filesOf(count: number, content = ''): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`vendor/${String(n)}.zip`, content + String(n)]),
  );
}

/** Resizes and shows it to clients, as the workflow does. */
async function resize(made: TestRepository, to: HashBins | undefined, options: ResizeOptions = {}) {
  const outcome = await resizeTargets(made.repository, made.signers, to, options);
  await makeVisible(made, outcome.record);
  return outcome;
}

/** The same repository as a process that starts sees it. */
function reopen(made: TestRepository): TestRepository {
  return { ...made, repository: openRepository(made.options) };
}

async function assertWhole(made: TestRepository): Promise<void> {
  assert.deepEqual(await verifyRepository(reopen(made).repository), []);
  await assertClientsSeeAllOfIt(made.options.repositoryPath);
}

async function staged({ repository }: TestRepository): Promise<string[]> {
  return readdir(repository.paths.staging);
}

for (const style of STYLES) {
  test(`a client goes on through every resize (${style})`, async (t) => {
    const directory = await temporaryDirectory(t);
    const made = await makeRepository(directory);
    const files: Files = filesOf(60);
    await publish(made, '1', files);
    const { repositoryPath } = made.options;
    const url = await serveDirectory(t, repositoryPath);
    const expected: Record<string, string | Uint8Array> = { ...files };
    const clientSees = async (client: string): Promise<void> => {
      const got = await downloadWithTufJs(
        url,
        repositoryPath,
        join(directory, client),
        Object.keys(expected),
      );
      for (const [path, content] of Object.entries(expected))
        assert.equal(got.get(path)?.toString(), content, path);
    };
    await clientSees('old');
    let timestamp = 1;
    for (const count of [16, 256, 4, 0, 2, 0]) {
      const { state, record } = await resize(made, bins(count, style));
      assert.equal(state, 'resized');
      assert.equal(record.kind, 'resize');
      assert.deepEqual(record.hash_bins, bins(count, style));
      assert.equal(record.targets, Object.keys(expected).length);
      await clientSees('old');
      const brought = { 'vendor/7.zip': `seven ${String(++timestamp)}`, [`new/${String(timestamp)}`]: 'new' };
      await publish(made, String(timestamp), brought);
      Object.assign(expected, brought);
      await clientSees('old');
      await clientSees(`fresh-${String(timestamp)}`);
      await assertWhole(made);
      assert.deepEqual(await staged(made), [], 'nothing is left staged');
    }
    assert.equal((await publishedState(made.repository)).hashBins, undefined);
  });
}

test('the bins stay as they are where only the style changes, and nothing happens where nothing does', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 8, style: 'path_hash_prefixes', snapshotEntries: 'full' },
  });
  await publish(made, '1', filesOf(10));
  const { record } = await resize(made, bins(8, 'succinct'));
  assert.deepEqual(Object.keys(record.meta), ['targets.json']);
  await assertWhole(made);
  const again = await resize(made, bins(8, 'succinct'));
  assert.deepEqual([again.state, again.record.number], ['there', record.number]);
  assert.deepEqual(await staged(made), []);
});

test('files of a layout that was given up stay listed, and go on with the next version', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 16, style: 'succinct', snapshotEntries: 'full' },
  });
  await publish(made, '1', filesOf(100));
  await resize(made, bins(4));
  const listed = async (): Promise<Record<string, { version: number }>> => {
    const latest = await made.repository.snapshots.latest();
    assert.ok(latest);
    const { version } = latest.meta['snapshot.json'];
    const path = join(made.repository.paths.metadata, `${String(version)}.snapshot.json`);
    const { signed } = JSON.parse(await readFile(path, 'utf8')) as {
      signed: { meta: Record<string, { version: number }> };
    };
    return signed.meta;
  };
  const meta = await listed();
  assert.equal(Object.keys(meta).length, 17);
  assert.equal(meta['bins-3.json']?.version, 3, 'a bin of both layouts');
  assert.equal(meta['bins-f.json']?.version, 2, 'a bin of the old one');
  await resize(made, bins(16));
  const after = await listed();
  assert.equal(after['bins-3.json']?.version, 4);
  assert.equal(after['bins-f.json']?.version, 3);
  await assertWhole(made);
});

test('the next attempt takes over what one has finished, and does again only what a release has changed', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 16, style: 'succinct', snapshotEntries: 'full' },
  });
  const files = filesOf(300);
  await publish(made, '1', files);
  const stop = new AbortController();
  const first = resizeTargets(made.repository, made.signers, bins(256), {
    signal: stop.signal,
    onProgress: (done, total) => {
      assert.equal(total, 256);
      if (done >= 128) stop.abort();
    },
  });
  await assert.rejects(first, { name: 'AbortError' });
  const [left, ...others] = await staged(made);
  assert.match(left ?? '', /^resize-16-256\./);
  assert.deepEqual(others, []);
  const done = [...(await ResizeStage.open(made.repository, 16, 256)).lines.keys()];
  assert.equal(done.length, 8);
  // A release while nobody works at it, in a bin that was done.
  const changed = Object.keys(files).find((path) => binOf({ count: 16 }, path) === done[0]);
  assert.ok(changed);
  await publish(made, '2', { [changed]: 'changed' });

  const after = reopen(made);
  const progress: number[] = [];
  const { state, units, reused } = await resize(after, bins(256), { onProgress: (n) => progress.push(n) });
  assert.deepEqual({ state, units, reused }, { state: 'resized', units: 16, reused: 7 });
  assert.equal(progress.at(-1), 256);
  await assertWhole(made);
  assert.deepEqual(await staged(made), []);
});

test('what an earlier attempt has left damaged, or signed by others, is made again', async (t) => {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory);
  await publish(made, '1', filesOf(40));
  const other = { ...made.signers, bins: [await makeSigner(directory, 'other')] };
  // Up to the switch: what is in turn then does not come.
  let turns = 0;
  const killed: ResizeOptions['inTurn'] = (run) =>
    ++turns === 4 ? Promise.reject(new Error('killed')) : run();
  await assert.rejects(resizeTargets(made.repository, other, bins(8), { inTurn: killed }), /killed/);
  turns = 0;
  const mine = await resize(reopen(made), bins(8));
  assert.equal(mine.reused, 0, 'signed by others');
  await assertWhole(made);

  turns = 0;
  await assert.rejects(resizeTargets(made.repository, made.signers, bins(2), { inTurn: killed }), /killed/);
  const [left = ''] = await staged(made);
  const path = join(made.repository.paths.staging, left);
  await writeFile(join(path, '2.bins-1.json'), 'damaged');
  await writeFile(join(path, '9.bins-1.json'), 'half-made');
  const again = await resize(reopen(made), bins(2));
  assert.equal(again.reused, 1);
  await assertWhole(made);
});

test('releases that are committed meanwhile are part of it, also where both layouts have a file of that name', async (t) => {
  for (const [from, to] of [
    [0, 4],
    [4, 16],
    [16, 4],
    [4, 0],
  ] as const) {
    const made = await makeRepository(await temporaryDirectory(t), {
      hashBins: { count: from, style: 'succinct', snapshotEntries: 'full' },
    });
    const files = filesOf(64);
    await publish(made, '1', files);
    const others = reopen(made);
    let turns = 1;
    const inTurn: ResizeOptions['inTurn'] = async (run) => {
      // By another process, between any two looks at the records.
      const path = Object.keys(files)[(turns * 7) % 64] ?? '';
      await publish(others, String(++turns), { [path]: 'changed', [`new/${String(turns)}`]: 'new' });
      return run();
    };
    const { record } = await resize(made, bins(to), { inTurn });
    assert.ok(turns >= 4, 'before, between and after');
    assert.equal(record.number, turns + 2);
    assert.equal(record.targets, 64 + turns - 1);
    await assertWhole(made);
    await publish(made, String(turns + 1), { 'vendor/0.zip': 'after' });
    await assertWhole(made);
  }
});

test('a file that both layouts have goes on from the version that a release has just made', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 4, style: 'succinct', snapshotEntries: 'full' },
  });
  const files = filesOf(40);
  await publish(made, '1', files);
  const others = reopen(made);
  // Into the second bin: its name is that of a new bin which holds targets of the first one only.
  const path = Object.keys(files).find((candidate) => binOf({ count: 4 }, candidate) === 1) ?? '';
  let turns = 0;
  const { record } = await resize(made, bins(16), {
    inTurn: async (run) => {
      if (++turns === 4) await publish(others, '2', { [path]: 'changed' });
      return run();
    },
  });
  assert.ok(turns >= 4);
  assert.equal(record.meta['bins-1.json']?.version, 4);
  await assertWhole(made);
});

test('a commit that takes the number is caught up with', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  await publish(made, '1', filesOf(20));
  const { commits } = made.repository;
  const others = reopen(made);
  const append = commits.append.bind(commits);
  let lost = 0;
  commits.append = async (record, before) => {
    if (record.kind === 'resize' && lost++ < 3)
      await publish(others, String(lost + 1), { [`new/${String(lost)}`]: 'new' });
    return append(record, before);
  };
  const latest = commits.latest.bind(commits);
  commits.latest = async () => {
    // What is made for it is no stage of a number that is taken.
    if (lost > 0) await sweepStaging(others.repository, 'targets');
    return latest();
  };
  const { record } = await resize(made, bins(4));
  assert.equal(record.number, 6);
  assert.equal(record.targets, 23);
  await assertWhole(made);
  assert.deepEqual(await staged(made), []);
});

test('where another resize has the number, what was made for the layout before it is given up', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 4, style: 'succinct', snapshotEntries: 'full' },
  });
  await publish(made, '1', filesOf(20));
  const { commits } = made.repository;
  const others = reopen(made);
  const append = commits.append.bind(commits);
  let others16 = 0;
  commits.append = async (record, before) => {
    if (record.kind === 'resize' && others16++ === 0) {
      await resize(others, bins(16));
      await publish(others, '2', { 'vendor/1.zip': 'changed in the other layout' });
    }
    return append(record, before);
  };
  const { record } = await resize(made, bins(2));
  assert.deepEqual([record.number, record.hash_bins], [5, bins(2)]);
  const got = await targetOf(made, 'vendor/1.zip');
  assert.equal(got, '2', 'the release in the other layout is part of it');
  await assertWhole(made);
  assert.deepEqual(await staged(made), []);
});

/** Which release has brought a target. */
async function targetOf(made: TestRepository, path: string): Promise<string | undefined> {
  const current = await currentTargets(reopen(made).repository);
  return (await findPublished(made.repository, current, path))?.release;
}

test('resizes, releases, a refresh and an abort at once: the records decide, and no version is lost', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 4, style: 'succinct', snapshotEntries: 'full' },
  });
  await publish(made, '1', filesOf(64));
  const later = { ...made.options, now: () => new Date(Date.now() + 21 * 24 * 60 * 60 * 1000) };
  const patiently = async (to: number): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      try {
        await resizeTargets(openRepository(made.options), made.signers, bins(to));
        return;
      } catch (error) {
        // Of two at once with the same way one takes over what the other has.
        if (attempt > 20 || !(error instanceof TuflineError) || error.kind !== 'transient') throw error;
        await sleep(100 * attempt * Math.random());
      }
    }
  };
  const release = async (timestamp: string): Promise<void> => {
    await publish(reopen(made), timestamp, { [`new/${timestamp}`]: timestamp, 'vendor/1.zip': timestamp });
  };
  await Promise.all([
    patiently(16),
    patiently(16),
    patiently(64),
    patiently(0),
    refreshTargets(openRepository(later), made.signers),
    abortRelease(openRepository(made.options), { release: 'x', timestamp: 'x' }, problem),
    ...['2', '3', '4', '5'].map(async (timestamp) => release(timestamp).catch(superseded)),
  ]);
  await publish(reopen(made), '9', { last: 'x' });
  for (const owner of ['targets', 'snapshot', 'timestamp'] as const)
    await sweepStaging(openRepository(made.options), owner);
  // A release that came too late is aborted by its workflow, which is not here.
  assert.deepEqual(
    (await staged(made)).filter((id) => !id.startsWith('release-')),
    [],
  );
  await assertWhole(made);
});

const problem = { code: 'cancelled', message: 'Cancelled.', remedy: 'None.' };
/** Of releases at once that write the same target the earlier may come too late. */
function superseded(error: unknown): void {
  assert.ok(error instanceof TuflineError && error.code === 'superseded', String(error));
}

test('pruning takes nothing from a repository that was resized', async (t) => {
  const directory = await temporaryDirectory(t);
  let days = 0;
  const now = (): Date => new Date(Date.now() + days * 24 * 60 * 60 * 1000);
  const made = await makeRepository(directory, { now });
  const { repository, signers } = made;
  const files = filesOf(30);
  await publish(made, '1', files);
  for (const count of [16, 4, 0, 8]) {
    await resize(made, bins(count));
    await publish(made, String(days + 10), { 'vendor/3.zip': String(count) });
    days += 25;
    while ((await refreshTargets(repository, signers)).more);
    await updateSnapshot(repository, signers.snapshot, { renew: true });
    await updateTimestamp(repository, signers.timestamp, { renew: true });
  }
  await pruneTimestamp(repository);
  await pruneSnapshot(repository);
  const { metadata } = await pruneTargets(repository);
  assert.ok(metadata > 0);
  assert.deepEqual(await verifyRepository(openRepository({ ...made.options, now })), []);
  await resize(made, bins(16));
  assert.deepEqual(await verifyRepository(openRepository({ ...made.options, now })), []);
});

test('the sweep keeps the stage of a resize until another layout is reached, or nobody works at it for long', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  await publish(made, '1', filesOf(20));
  const { repository } = made;
  const kept = await ResizeStage.open(repository, 0, 16);
  assert.equal(await sweepStaging(repository, 'targets'), 0);
  await sweepStaging(repository, 'snapshot');
  assert.deepEqual(await staged(made), [kept.id]);
  const abandoned = await ResizeStage.open(repository, 0, 4);
  const longAgo = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000);
  await utimes(abandoned.path, longAgo, longAgo);
  assert.equal(await sweepStaging(repository, 'targets'), 1);
  assert.deepEqual(await staged(made), [kept.id]);
  await resize(made, bins(2));
  assert.equal(await sweepStaging(repository, 'targets'), 1);
  assert.deepEqual(await staged(made), []);
});

test('keys that are missing are said before any work', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  await publish(made, '1', filesOf(3));
  const { repository, signers } = made;
  const run = (changes: Partial<typeof signers>, to: HashBins | undefined) => () =>
    resizeTargets(repository, { ...signers, ...changes }, to);
  await failsWith('no-key', run({ bins: [] }, bins(4)));
  await failsWith('no-key', run({ targets: [] }, bins(4)));
  await failsWith('key-not-in-root', run({ targets: signers.snapshot }, bins(4)));
  await resize(made, bins(4));
  await failsWith('no-key', run({ targets: [] }, undefined));
  await failsWith('key-not-in-root', run({ bins: signers.snapshot }, bins(8)));
  await resize({ ...made, signers: { ...signers, bins: [] } }, undefined);
  assert.deepEqual(await staged(made), []);
  await assertWhole(made);
});

test('entries that are split and merged again are the same bytes, in the same order', async () => {
  const path = fc.string({ unit: fc.constantFrom('a', '"', '\\', '},"', 'é', '"length":5}', '/', 'z') });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(path, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      async (paths, bits) => {
        const changes = new Map(
          paths.map((name, length) => [name, { length, hashes: { sha256: 'ab' }, release: '1' }]),
        );
        const entries = Buffer.concat(spliceEntries(Buffer.alloc(0), changes).pieces);
        const layout: HashBins = { count: 2 ** bits, style: 'succinct' };
        const { count, entriesOf } = await splitEntries(entries, layout);
        assert.equal(count, paths.length);
        const parts = Array.from({ length: layout.count }, (_, bin) => entriesOf(bin));
        for (const [bin, part] of parts.entries()) {
          for (const target of listEntries(part))
            assert.equal(fileOf(layout, target.path), binFile(layout, bin));
        }
        assert.deepEqual((await mergeEntries(parts)).toString(), entries.toString());
      },
    ),
  );
});
