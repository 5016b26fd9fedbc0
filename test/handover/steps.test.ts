import assert from 'node:assert/strict';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import {
  newTimestamp,
  postRelease,
  readFailure,
  retryFailed,
  surveyHandover,
  sweepHandover,
} from '../../src/handover/index.js';
import { failsWith } from '../support/failure.js';
import { TestHandover } from '../support/handover.js';
import { temporaryDirectory } from '../support/temporary.js';

test('a release goes its way, each step twice, and nothing is left', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one', 'vendor/b': 'two' });
  const claim = await handover.mustClaim('1');
  assert.deepEqual(await handover.mustClaim('1'), claim, 'a second claim finds the first');
  const manifest = await handover.move(claim);
  assert.deepEqual(await handover.move(claim), manifest);
  assert.equal(await readFile(join(handover.inboundPath, '1', 'vendor', 'b'), 'utf8'), 'two');
  handover.decisions.set(claim.release, 'committed');
  assert.equal((await handover.claim('1')).state, 'committed');
  assert.deepEqual(await handover.cleanUp(claim), { left: [] });
  assert.deepEqual(await handover.cleanUp(claim), { left: [] });
  assert.deepEqual(await readdir(handover.postToTufPath), []);
  assert.deepEqual(await readdir(handover.inboundPath), []);
  assert.equal((await handover.claim('1')).state, 'absent');
});

test('many claims at once agree on one release id', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one' });
  const claims = await Promise.all(Array.from({ length: 8 }, () => handover.mustClaim('1')));
  assert.equal(new Set(claims.map(({ release }) => release)).size, 1);
});

test('many moves at once leave one copy', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one', b: 'two' });
  const claim = await handover.mustClaim('1');
  const manifests = await Promise.all(Array.from({ length: 6 }, () => handover.move(claim)));
  for (const manifest of manifests) assert.deepEqual(manifest, manifests[0]);
  assert.deepEqual(await readdir(handover.inboundPath), ['1']);
});

test('no more are in processing than may be, and the oldest goes first', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  for (const timestamp of ['1', '2', '3']) await handover.ready(timestamp, { [timestamp]: timestamp });
  await handover.mustClaim('1', 2);
  await handover.mustClaim('2', 2);
  const error = await failsWith('waiting', () => handover.claim('3', 2));
  assert.match(error.message, /tuf_ready_3 waits for 1, 2/);
  assert.deepEqual((await readdir(handover.postToTufPath)).sort(), [
    'tuf_processing_1',
    'tuf_processing_2',
    'tuf_ready_3',
  ]);
  await failsWith('waiting', () => handover.claim('2', 1));
});

test('nothing of the pipeline is deleted but what was released', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one', 'sub/b': 'two' });
  const claim = await handover.mustClaim('1');
  await writeFile(join(handover.path('tuf_processing_1'), 'sub', 'late'), 'late');
  const { left } = await handover.cleanUp(claim);
  assert.deepEqual(left, ['sub/late']);
  assert.equal(await readFile(join(handover.path('tuf_done_1'), 'sub', 'late'), 'utf8'), 'late');
  const { remarks } = await surveyHandover(handover.postToTufPath);
  assert.match(remarks.join(), /tuf_done_1 holds files that were not part of the release/);
});

test('a released file that the pipeline has exchanged since is left, not deleted', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one', b: 'two', c: 'three' });
  const claim = await handover.mustClaim('1');
  const processing = handover.path('tuf_processing_1');
  await writeFile(join(processing, 'new'), 'ONE');
  await rename(join(processing, 'new'), join(processing, 'a'));
  await writeFile(join(processing, 'b'), 'two and more');
  assert.deepEqual(await handover.cleanUp(claim), { left: ['a', 'b'] });
  assert.deepEqual((await readdir(handover.path('tuf_done_1'))).sort(), ['a', 'b']);
  assert.equal(await readFile(join(handover.path('tuf_done_1'), 'a'), 'utf8'), 'ONE');
});

test('cleanup leaves a directory alone that is another release’s', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'first' });
  const first = await handover.mustClaim('1');
  await handover.cleanUp(first);
  await handover.ready('1', { a: 'second' });
  const second = await handover.mustClaim('1');
  assert.notEqual(second.release, first.release, 'an id never comes again');
  // The first cleanup runs once more, late.
  await handover.cleanUp(first);
  assert.equal(await readFile(join(handover.path('tuf_processing_1'), 'a'), 'utf8'), 'second');
});

test('an interrupted cleanup is finished by the sweep, once the records prove it', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one' });
  const claim = await handover.mustClaim('1');
  await handover.move(claim);
  await rename(handover.path('tuf_processing_1'), handover.path('tuf_done_1'));
  const { postToTufPath, inboundPath, decisionOf } = handover;
  await sweepHandover(
    { postToTufPath, inboundPath },
    { decisionOf, published: () => Promise.resolve(false) },
  );
  assert.deepEqual(await readdir(postToTufPath), ['tuf_done_1'], 'nothing is deleted that is not published');
  handover.decisions.set(claim.release, 'committed');
  await sweepHandover({ postToTufPath, inboundPath }, { decisionOf, published: () => Promise.resolve(true) });
  assert.deepEqual(await readdir(postToTufPath), []);
  assert.deepEqual(await readdir(inboundPath), []);
});

test('putBack gives the files back, whenever it was interrupted, and retry makes them ready', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'one' });
  const claim = await handover.mustClaim('1');
  await handover.move(claim);
  handover.decisions.set(claim.release, 'aborted');
  assert.equal(await handover.putBack(claim), handover.path('tuf_failed_1'));
  assert.equal(await handover.putBack(claim), handover.path('tuf_failed_1'));
  assert.deepEqual(await readdir(handover.inboundPath), []);
  assert.equal((await readFailure(handover.path('tuf_failed_1')))?.release, claim.release);
  const { postToTufPath } = handover;
  assert.equal(await retryFailed({ postToTufPath, timestamp: '1', force: true }), 'tuf_ready_1');
  const again = await handover.mustClaim('1');
  assert.equal(again.force, true);
  assert.notEqual(again.release, claim.release);
  assert.deepEqual(
    again.files.map(({ path }) => path),
    ['a'],
    'the note of the retry is none of the files',
  );
  assert.equal(await retryFailed({ postToTufPath, timestamp: '9', force: false }), undefined);
});

test('a second failure of one timestamp has a directory of its own', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  for (const content of ['first', 'second']) {
    await handover.ready('1', { a: content });
    await handover.putBack(await handover.mustClaim('1'));
  }
  assert.deepEqual((await readdir(handover.postToTufPath)).sort(), ['tuf_failed_1', 'tuf_failed_1.2']);
  await failsWith('several-failed', () =>
    retryFailed({ postToTufPath: handover.postToTufPath, timestamp: '1', force: false }),
  );
});

test('an old copy in the inbound directory gives way when its release is decided, and not before', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'first' });
  const first = await handover.mustClaim('1');
  await handover.move(first);
  // The monitor's directory is gone, as after a restore: the copy stayed behind.
  await rename(handover.path('tuf_processing_1'), handover.path('gone'));
  await handover.ready('1', { a: 'second' });
  const second = await handover.mustClaim('1');
  await failsWith('inbound-taken', () => handover.move(second));
  handover.decisions.set(first.release, 'aborted');
  await handover.move(second);
  assert.equal(await readFile(join(handover.inboundPath, '1', 'a'), 'utf8'), 'second');
});

test('post hands over whole or not at all', async (t) => {
  const directory = await temporaryDirectory(t);
  const { postToTufPath } = await TestHandover.make(directory);
  const from = join(directory, 'a.zip');
  await writeFile(from, 'zip');
  const timestamp = await postRelease({ postToTufPath, files: [{ from, as: 'vendor/a.zip' }] });
  const ready = join(postToTufPath, `tuf_ready_${timestamp}`);
  assert.deepEqual((await readdir(ready)).sort(), ['SHA256SUMS', 'vendor']);
  assert.match(await readFile(join(ready, 'SHA256SUMS'), 'utf8'), /^[0-9a-f]{64} {2}vendor\/a\.zip\n$/);
  const post = (as: string, source = from, name?: string) =>
    postRelease({
      postToTufPath,
      files: [{ from: source, as }],
      ...(name === undefined ? {} : { timestamp: name }),
    });
  await failsWith('path-escapes', () => post('../a'));
  await failsWith('post-file', () => post('a', join(directory, 'absent')));
  await failsWith('post-file', () => post('a', directory));
  await failsWith('post-file', () => post('SHA256SUMS'));
  await failsWith('timestamp', () => post('a', from, 'tuf_x'));
  await failsWith('timestamp-taken', () => post('a', from, timestamp));
  assert.deepEqual(await readdir(postToTufPath), [`tuf_ready_${timestamp}`]);
  assert.ok(newTimestamp(new Date(1)) < newTimestamp(new Date(2)), 'in order');
});

test('status sees what is odd', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'x' });
  await writeFile(handover.path('tuf_ready_file'), 'no directory');
  await rename(handover.path('tuf_ready_1'), handover.path('tuf_ready_-1'));
  await writeFile(handover.path('unrelated'), '');
  const { entries, remarks } = await surveyHandover(
    handover.postToTufPath,
    new Date(Date.now() + 3 * 86_400_000),
  );
  assert.deepEqual(entries, []);
  assert.match(remarks.join('\n'), /tuf_ready_-1 has no valid timestamp/);
  assert.match(remarks.join('\n'), /tuf_ready_file is not a directory/);
});
