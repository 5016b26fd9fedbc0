import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageNames } from '../../src/packaging/index.js';

void test('a package name says what its files are called', () => {
  assert.equal(packageNames('zlib', '1.3.1').zip, 'zlib-1.3.1.zip');
  assert.equal(packageNames('symfony/console', 'v7.1+build').zip, 'symfony/console-v7.1+build.zip');
  assert.equal(packageNames('@noble/ed25519', '3.2.0').index, '@noble/ed25519.json');
});

void test('names that a hand-over or a file system would not take are refused', () => {
  for (const name of [
    '',
    '.',
    '..',
    '../x',
    '/x',
    'a/b/c',
    'a//b',
    'a b',
    'a\\b',
    '-x',
    '@x',
    'ä',
    'a/',
    '@/a',
    'a%b',
  ]) {
    assert.throws(() => packageNames(name, '1'), { code: 'package-name', kind: 'usage' }, name);
  }
  for (const version of ['', '.', '1/2', '-1', '1 0', '__proto__', '1?', '1\n']) {
    assert.throws(() => packageNames('x', version), { code: 'package-version' }, version);
  }
  assert.throws(() => packageNames('tufline-claim', '1'), { code: 'package-name' });
  assert.equal(packageNames('vendor/tufline-claim', '1').index, 'vendor/tufline-claim.json');
  assert.throws(() => packageNames('x'.repeat(185), '1.0.0'), /may have 190/);
});
