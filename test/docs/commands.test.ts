import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsPage } from '../../src/cli/commands-page.js';

test('docs/commands.md is the help of the program', async () => {
  const page = await readFile(fileURLToPath(new URL('../../docs/commands.md', import.meta.url)), 'utf8');
  assert.equal(page, commandsPage(), 'run: npm run docs:commands');
});
