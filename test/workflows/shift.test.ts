import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { endOfRun, endOfShift } from '../../src/workflows/shift.js';

const MINUTE = 60_000;
/** As the schedule has it. */
const RUN_TIMEOUT = 15 * MINUTE;

test('a busy scan ends just before a tick of its schedule, and a run of it within the run timeout', () => {
  const time = fc.integer({ min: 0, max: 2 ** 42 });
  const period = fc.integer({ min: 1, max: 24 * 3600 }).map((seconds) => seconds * 1000);
  fc.assert(
    fc.property(time, period, (begun, scanPeriod) => {
      const end = endOfShift(begun, scanPeriod);
      const tick = Math.ceil(end / scanPeriod) * scanPeriod;
      assert.ok(tick - end > 0 && tick - end <= 500, 'the next scan takes over at once');
      assert.ok(tick - begun >= 10 * MINUTE && tick - begun < 10 * MINUTE + scanPeriod);
      assert.ok(endOfRun(begun) - begun < RUN_TIMEOUT);
    }),
  );
});
