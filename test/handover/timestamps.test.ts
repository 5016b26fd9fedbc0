import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseDirectoryName } from '../../src/handover/index.js';
import { compareTimestamps, isTimestamp } from '../../src/timestamps/index.js';

const timestamp = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,20}$/)
  .filter((text) => !text.startsWith('tuf_'));

test('the order of timestamps is total: digits by value, then the others by bytes', () => {
  const sorted = ['b', 'a', '10', '9', '009', '2026', 'Z', '9a'].sort(compareTimestamps);
  assert.deepEqual(sorted, ['009', '9', '10', '2026', '9a', 'Z', 'a', 'b']);
  fc.assert(
    fc.property(timestamp, timestamp, timestamp, (a, b, c) => {
      assert.equal(Math.sign(compareTimestamps(a, b)) + Math.sign(compareTimestamps(b, a)), 0);
      assert.equal(compareTimestamps(a, b) === 0, a === b);
      if (compareTimestamps(a, b) <= 0 && compareTimestamps(b, c) <= 0)
        assert.ok(compareTimestamps(a, c) <= 0);
    }),
  );
});

test('a directory name is taken apart as it was put together', () => {
  fc.assert(
    fc.property(fc.constantFrom('tmp', 'ready', 'processing', 'done', 'failed'), timestamp, (state, text) => {
      assert.deepEqual(parseDirectoryName(`tuf_${state}_${text}`), { state, timestamp: text, copy: 1 });
    }),
  );
  for (const name of [
    'tuf_ready_',
    'tuf_ready_-1',
    'tuf_ready_tuf_1',
    `tuf_ready_${'x'.repeat(101)}`,
    'tuf_ready_a/b',
    'tuf_ready_a\n',
  ]) {
    assert.equal(parseDirectoryName(name), 'invalid', name);
  }
  for (const name of ['ready_1', 'tuf_other_1', '', 'xtuf_ready_1'])
    assert.equal(parseDirectoryName(name), undefined, name);
  assert.ok(isTimestamp('2026-11-24T08:14:07.123Z'));
});
