import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '../../src/config/index.js';

void test('durations are read in whole milliseconds', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['500ms', 500],
    ['5s', 5000],
    ['1.5h', 5_400_000],
    ['90m', 5_400_000],
    ['365d', 31_536_000_000],
    ['0.0001s', 0],
    ['5', undefined],
    ['5 s', undefined],
    ['-5s', undefined],
    ['1e3s', undefined],
    ['5S', undefined],
    ['', undefined],
  ];
  for (const [text, milliseconds] of cases) assert.equal(parseDuration(text), milliseconds, text);
});

void test('durations are said with the two largest units', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [340, '340 ms'],
    [12_000, '12 s'],
    [61_000, '1 min 1 s'],
    [86_400_000 + 4 * 3_600_000 + 1000, '1 d 4 h'],
    [86_400_000 + 1000, '1 d'],
    [-7_200_000, '-2 h'],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});
