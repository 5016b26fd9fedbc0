import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import {
  checkTargetsSigners,
  openRepository,
  publishedState,
  refreshTargets,
  verifyRepository,
} from '../../src/repository/index.js';
import { binFile, binOf, pathHashPrefixes } from '../../src/repository/metadata/hash-bins.js';
import { failsWith } from '../support/failure.js';
import { FILES } from '../support/client-files.js';
import { commit, makeRepository, makeVisible, publish, stage } from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';
import { downloadWithTufJs } from '../support/tuf-js-client.js';
import { serveDirectory } from '../support/web-server.js';

const LAYOUTS = [
  { count: 2, style: 'path_hash_prefixes', snapshotEntries: 'full' },
  { count: 8, style: 'path_hash_prefixes', snapshotEntries: 'version' },
  { count: 256, style: 'path_hash_prefixes', snapshotEntries: 'full' },
  { count: 2, style: 'succinct', snapshotEntries: 'version' },
  { count: 32, style: 'succinct', snapshotEntries: 'full' },
] as const;

for (const hashBins of LAYOUTS) {
  const { count, style, snapshotEntries } = hashBins;
  test(`tuf-js finds targets in ${String(count)} bins (${style}, ${snapshotEntries} snapshot entries)`, async (t) => {
    const directory = await temporaryDirectory(t);
    const made = await makeRepository(directory, { hashBins });
    const { ['n'.repeat(190)]: _long, ...files } = FILES;
    await publish(made, '1', files);
    const second = await publish(made, '2', { 'a.txt': 'two' });
    assert.equal(Object.keys(second.meta).length, 1, 'only the bin of the target is signed');
    const url = await serveDirectory(t, made.options.repositoryPath);
    const client = join(directory, 'client');
    const got = await downloadWithTufJs(url, made.options.repositoryPath, client, Object.keys(files));
    for (const [path, content] of Object.entries({ ...files, 'a.txt': 'two' }))
      assert.equal(got.get(path)?.toString(), content, path);
    assert.deepEqual(await verifyRepository(openRepository(made.options)), []);
    assert.deepEqual(await readdir(made.repository.paths.staging), [], 'nothing is left staged');
    const state = await publishedState(made.repository);
    assert.deepEqual(state.hashBins, { count, style });
    assert.equal(state.targets, Object.keys(files).length);
  });
}

test('a bin is the first bits of the hash of the path, and its prefixes cover exactly them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.string({ minLength: 1 }), (bits, path) => {
      const bins = { count: 2 ** bits };
      const digest = createHash('sha256').update(path).digest('hex');
      const bin = binOf(bins, path);
      assert.equal(
        bin,
        Number.parseInt(BigInt(`0x${digest}`).toString(2).padStart(256, '0').slice(0, bits), 2),
      );
      assert.ok(pathHashPrefixes(bins, bin).some((prefix) => digest.startsWith(prefix)));
      const other = (bin + 1) % bins.count;
      assert.ok(!pathHashPrefixes(bins, other).some((prefix) => digest.startsWith(prefix)));
      assert.match(binFile(bins, bin), /^bins-[0-9a-f]+\.json$/);
    }),
  );
});

test('the key of targets may be offline: releases need that of the bins only', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 4, style: 'succinct', snapshotEntries: 'full' },
  });
  const signers = { ...made.signers, targets: [] };
  await checkTargetsSigners(made.repository, signers);
  await publish({ ...made, signers }, '1', { a: 'x' });
  await failsWith('no-key', () => checkTargetsSigners(made.repository, { ...made.signers, bins: [] }));
  await failsWith('key-not-in-root', () =>
    checkTargetsSigners(made.repository, { ...made.signers, bins: made.signers.snapshot }),
  );
});

test('bins are signed anew before they expire, a few at a time and not all on the same day', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 512, style: 'succinct', snapshotEntries: 'full' },
  });
  const day = 24 * 60 * 60 * 1000;
  const expiries = async (): Promise<string[]> => {
    const latest = await made.repository.commits.latest();
    assert.ok(latest);
    const { meta } = await made.repository.targetsState.upTo(latest);
    return [...meta].flatMap(([name, { expires }]) => (name === 'targets.json' ? [] : [expires]));
  };
  assert.ok(new Set((await expiries()).map((expires) => expires.slice(0, 10))).size > 5, 'spread over days');
  const later = openRepository({ ...made.options, now: () => new Date(Date.now() + 21 * day) });
  const first = await refreshTargets(later, made.signers);
  assert.equal(first.record.kind, 'refresh');
  assert.ok(Object.keys(first.record.meta).length <= 257);
  assert.ok(first.more);
  while ((await refreshTargets(later, made.signers)).more);
  assert.ok((await expiries()).every((expires) => Date.parse(expires) > Date.now() + 40 * day));
});

test('a worker that starts begins at a checkpoint, and one that is damaged or gone changes nothing', async (t) => {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory, {
    hashBins: { count: 4, style: 'succinct', snapshotEntries: 'full' },
  });
  await publish(made, '1', { a: '1', b: '1' });
  const latest = await made.repository.commits.latest();
  assert.ok(latest);
  const path = await made.repository.targetsState.writeCheckpoint(latest);
  await publish(made, '2', { c: '2' });
  const seen = async (): Promise<unknown> => {
    const repository = openRepository(made.options);
    const newest = await repository.commits.latest();
    assert.ok(newest);
    const { number, targets, meta } = await repository.targetsState.at(newest);
    return { number, targets, meta: Object.fromEntries(meta) };
  };
  const withCheckpoint = await seen();
  // A worker that has begun at the checkpoint needs no record before it.
  await rm(join(made.repository.paths.commits, '1.json'));
  assert.deepEqual(await seen(), withCheckpoint);
  const first = JSON.parse(await readFile(path, 'utf8')) as { targets: number };
  assert.equal(first.targets, 2);
});

test('releases that wait are committed together, each with its own outcome', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), {
    hashBins: { count: 4, style: 'path_hash_prefixes', snapshotEntries: 'full' },
    immutableTargets: ['*.zip'],
  });
  await publish(made, '10', { 'a.zip': 'one', kept: 'ten' });
  const { commitReleases } = await import('../../src/repository/index.js');
  const staged = [
    await stage(made, '13', { shared: 'later' }),
    await stage(made, '11', { 'a.zip': 'other', orphan: 'x' }),
    await stage(made, '12', { shared: 'earlier', b: '12' }),
    await stage(made, '9', { kept: 'nine' }),
  ];
  const outcomes = await commitReleases(made.repository, made.signers, staged);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.state === 'refused' ? outcome.error.code : outcome.record.number)),
    [3, 'immutable-target', 3, 'superseded'],
  );
  const record = await made.repository.commits.mustRead(3);
  await makeVisible(made, record);
  assert.deepEqual(
    record.releases.map(({ timestamp }) => timestamp),
    ['12', '13'],
  );
  assert.deepEqual(await verifyRepository(made.repository), []);
  assert.equal(record.targets, 4, 'nothing of a refused release is listed');
  // The later bytes win, whatever the order in which they were staged.
  await failsWith('superseded', async () => commit(made, [await stage(made, '12', { shared: 'again' })]));
});
