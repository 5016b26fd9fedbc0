import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { ioError } from '../../src/errors/index.js';
import { errnoPage } from '../../src/errors/errno-page.js';

/** As Node throws it, also for numbers that it has no name for. */
function systemError(errno: number, code: string): Error {
  return Object.assign(new Error(code), { errno: -errno, code, syscall: 'fsync' });
}

test('error numbers are told apart by value, also those that Node cannot name', () => {
  assert.equal(ioError(systemError(116, 'Unknown system error -116'), 'fsync', '/x').code, 'io-estale');
  assert.equal(ioError(systemError(122, 'Unknown system error -122'), 'fsync', '/x').code, 'io-edquot');
  const full = ioError(systemError(28, 'ENOSPC'), 'write', '/x');
  assert.equal(full.kind, 'transient');
  assert.match(
    full.sentence,
    /Could not write \/x: there is no space left on the device \(ENOSPC\)\. Free space/,
  );
});

test('docs/errno.md is what the program does', async () => {
  const words = (text: string): string[] => text.replaceAll(/[|\s-]+/g, ' ').split(' ');
  const page = await readFile(fileURLToPath(new URL('../../docs/errno.md', import.meta.url)), 'utf8');
  assert.deepEqual(words(page), words(errnoPage()), 'run: npm run docs:errno');
});
