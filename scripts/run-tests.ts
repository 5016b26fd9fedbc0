import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findTemporal } from '../src/server/index.js';

/**
 * `npm test [-- FOLDER…]`: runs the tests of these folders of test/, without names all but the heavy ones and the faults.
 * Node 20 has no globs in --test, so the files are named.
 */
const HEAVY = ['heavy', 'faults'];
const named = process.argv.slice(2);

const files = (await testFiles('test')).filter((file) => {
  const folder = file.split('/')[1] ?? '';
  return named.length > 0
    ? named.some((name) => folder === name || file.includes(name))
    : !HEAVY.includes(folder);
});
if (files.length === 0) throw new Error(`There are no tests in ${named.join(', ')}.`);

// Once, before the tests need it all at the same time; where it has to be built, that takes minutes and says so.
const program = await findTemporal({ environment: process.env, log: console.error });

const child = spawn(
  process.execPath,
  ['--import', 'tsx', '--test', '--test-reporter', 'spec', '--test-concurrency', '2', ...files.sort()],
  { stdio: 'inherit', env: { ...process.env, TEMPORAL_CLI_PATH: program } },
);
child.once('exit', (code) => (process.exitCode = code ?? 1));

async function testFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return testFiles(path);
      return Promise.resolve(entry.name.endsWith('.test.ts') ? [path] : []);
    }),
  );
  return found.flat();
}
