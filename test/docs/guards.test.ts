import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GUARDS, type Guard } from '../guards/guards.js';

const page = await readFile(new URL('../../docs/reliability.md', import.meta.url), 'utf8');

void test('the page lists every line that keeps a guarantee, and what turns red without it', () => {
  const rows = page.split('\n').filter((line) => /^\| G[1-7] \|/.test(line));
  assert.deepEqual(rows, GUARDS.map(rowOf));
});

function rowOf({ guarantee, file, why, proof }: Guard): string {
  const command =
    'tests' in proof
      ? `npm test -- ${proof.tests}`
      : `npm run test:faults -- ${proof.faults.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ')}`;
  return `| ${guarantee} | \`${file}\` | ${why} | \`${command}\` |`;
}
