import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import {
  abortRelease,
  checkSigners,
  checkTargetsSigners,
  commitReleases,
  decisionOf,
  openRepository,
  updateSnapshot,
  updateTimestamp,
  verifyRepository,
} from '../../src/repository/index.js';
import type { Signer } from '../../src/signers/index.js';
import { failsWith } from '../support/failure.js';
import {
  commit,
  makeRepository,
  makeSigner,
  publish,
  stage,
  type TestRepository,
} from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';

const PROBLEM = { code: 'cancelled', message: 'It was cancelled.', remedy: 'Retry it.' };

async function commitOf(
  made: TestRepository,
  timestamp: string,
  files: Record<string, string>,
  force = false,
) {
  const staged = await stage(made, timestamp, files, { force });
  return commit(made, [staged]);
}

test('an immutable target is published once; the same bytes again are fine', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), { immutableTargets: ['**/*.zip'] });
  await publish(made, '1', { 'v/a.zip': 'one', 'v/a.json': 'one' });
  await publish(made, '2', { 'v/a.zip': 'one', 'v/a.json': 'two' });
  const error = await failsWith('immutable-target', () => commitOf(made, '3', { 'v/a.zip': 'three' }));
  assert.equal(error.kind, 'permanent');
});

test('older bytes do not replace what a later release has written, unless forced', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  await publish(made, '10', { a: 'new' });
  const error = await failsWith('superseded', () => commitOf(made, '9', { a: 'old' }));
  assert.match(error.remedy, /tufline retry 9 --force/);
  await commitOf(made, '9', { b: 'other path' });
  await commitOf(made, '9', { a: 'old' }, true);
});

test('with plain names a target is a file or a directory, and replaced in one step', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t), { plainTargetNames: true });
  await publish(made, '1', { 'dir/a': 'one' });
  await publish(made, '2', { 'dir/a': 'two' });
  assert.equal(await readFile(join(made.repository.paths.targets, 'dir', 'a'), 'utf8'), 'two');
  await failsWith('path-conflict', () => commitOf(made, '3', { dir: 'file' }));
  await failsWith('path-conflict', () => commitOf(made, '4', { 'dir/a/b': 'below a file' }));
  await failsWith('path-conflict', () => commitOf(made, '5', { [`${'0'.repeat(64)}.a`]: 'looks hashed' }));
});

test('of an abort and a commit, the first is the truth', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  const staged = await stage(made, '1', { a: 'x' }, { release: 'one' });
  assert.equal(
    (await abortRelease(made.repository, { release: 'one', timestamp: '1' }, PROBLEM)).decision,
    'aborted',
  );
  await failsWith('aborted', () => commit(made, [staged]));
  await publish(made, '2', { b: 'x' }, { release: 'two' });
  const late = await abortRelease(made.repository, { release: 'two', timestamp: '2' }, PROBLEM);
  assert.equal(late.decision, 'committed');
  assert.equal(await decisionOf(openRepository(made.options), 'two'), 'committed');
});

test('a race of commit and abort has one outcome, whoever asks', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  for (let round = 0; round < 10; round++) {
    const id = { release: `r${String(round)}`, timestamp: String(round) };
    const staged = await stage(made, id.timestamp, { [`f${String(round)}`]: 'x' }, { release: id.release });
    const [committed, abort] = await Promise.allSettled([
      commit({ ...made, repository: openRepository(made.options) }, [staged]),
      abortRelease(openRepository(made.options), id, PROBLEM),
    ]);
    assert.ok(abort.status === 'fulfilled');
    assert.equal(committed.status === 'fulfilled', abort.value.decision === 'committed');
  }
});

test('the threshold counts different keys, and a foreign key is refused', async (t) => {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory);
  const foreign = await makeSigner(directory, 'foreign');
  await failsWith('key-not-in-root', () => checkSigners(made.repository, 'snapshot', [foreign]));
  await failsWith('key-not-in-root', () => checkSigners(made.repository, 'snapshot', made.signers.targets));
  await failsWith('threshold-not-met', () => checkSigners(made.repository, 'snapshot', []));
  await checkSigners(made.repository, 'snapshot', made.signers.snapshot);
  const check = (targets: Signer[]) => checkTargetsSigners(made.repository, { targets, bins: [] });
  await failsWith('key-not-in-root', () => check([foreign]));
  await failsWith('no-key', () => check([]));
  await checkTargetsSigners(made.repository, made.signers);
});

test('a signature that does not verify is never written', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  const [signer] = made.signers.targets;
  assert.ok(signer);
  const broken = { ...signer, sign: () => Promise.resolve(new Uint8Array(64)) };
  const staged = await stage(made, '1', { a: 'x' });
  await failsWith('signer-broken', () =>
    commitReleases(made.repository, { ...made.signers, targets: [broken] }, [staged]),
  );
  assert.equal((await made.repository.commits.latest())?.number, 1);
});

test('snapshot and timestamp include nothing that does not verify', async (t) => {
  const made = await makeRepository(await temporaryDirectory(t));
  const record = await commitOf(made, '1', { a: 'x' });
  const path = join(made.repository.paths.metadata, '2.targets.json');
  const good = await readFile(path);
  await writeFile(path, good.toString().replace('"length":1', '"length":2'));
  const fresh = openRepository(made.options);
  await failsWith('metadata-differs', () =>
    updateSnapshot(fresh, made.signers.snapshot, { atLeastCommit: record.number }),
  );
  await rm(path);
  await failsWith('targets-not-in-place', () =>
    updateSnapshot(fresh, made.signers.snapshot, { atLeastCommit: record.number }),
  );
  await writeFile(path, good);
  const snapshot = await updateSnapshot(fresh, made.signers.snapshot, { atLeastCommit: record.number });
  await updateTimestamp(fresh, made.signers.timestamp, { atLeastSnapshot: snapshot.number });
  assert.deepEqual(await verifyRepository(fresh), []);
});

test('verify finds what is off', async (t) => {
  const cases: [string, (made: TestRepository) => Promise<unknown>][] = [
    [
      'missing-target',
      async ({ repository }) =>
        rm(join(repository.paths.targets, await targetFile(repository.paths.targets))),
    ],
    [
      'wrong-hash',
      async ({ repository }) =>
        writeFile(join(repository.paths.targets, await targetFile(repository.paths.targets)), 'y'),
    ],
    [
      'wrong-length',
      async ({ repository }) =>
        writeFile(join(repository.paths.targets, await targetFile(repository.paths.targets)), 'longer'),
    ],
    [
      'metadata-differs',
      ({ repository }) => writeFile(join(repository.paths.metadata, '2.targets.json'), '{}'),
    ],
    ['metadata-missing', ({ repository }) => rm(join(repository.paths.metadata, '2.snapshot.json'))],
    ['missing-record', ({ repository }) => rm(join(repository.paths.commits, '1.json'))],
    [
      'damaged-record',
      ({ repository }) => writeFile(join(repository.paths.snapshot, '1.json'), '{"format":1}'),
    ],
    ['unknown-file', ({ repository }) => writeFile(join(repository.paths.metadata, 'notes.txt'), '')],
    [
      'unrecorded-metadata',
      ({ repository }) => writeFile(join(repository.paths.metadata, '9.targets.json'), ''),
    ],
  ];
  for (const [code, damage] of cases) {
    const made = await makeRepository(await temporaryDirectory(t));
    await publish(made, '1', { a: 'x' });
    await damage(made);
    const findings = await verifyRepository(openRepository(made.options));
    assert.ok(
      findings.some((finding) => finding.code === code),
      `${code}: ${JSON.stringify(findings)}`,
    );
  }
  const made = await makeRepository(await temporaryDirectory(t));
  const later = openRepository({ ...made.options, now: () => new Date(Date.now() + 400 * 86_400_000) });
  const codes = (await verifyRepository(later)).map(({ code }) => code);
  assert.deepEqual(
    codes,
    Array.from({ length: 4 }, () => 'expired-metadata'),
  );
});

async function targetFile(directory: string): Promise<string> {
  const [name] = await readdir(directory);
  return name ?? assert.fail('no target');
}
