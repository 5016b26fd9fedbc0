import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { decisionOf, openRepository, verifyRepository } from '../../src/repository/index.js';
import { commit, makeRepository, makeVisible, publish, stage } from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';
import { downloadWithTufJs } from '../support/tuf-js-client.js';
import { serveDirectory } from '../support/web-server.js';

test('tuf-js verifies and downloads what releases published, also replaced and nested targets', async (t) => {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory);
  await publish(made, '1', { 'a.txt': 'one', 'vendor/name/name-1.0.zip': 'zip', 'quote".txt': 'q' });
  await publish(made, '2', { 'a.txt': 'two', 'z.txt': '', '-dash': 'd', ümlaut: 'u' });
  const url = await serveDirectory(t, made.options.repositoryPath);
  const paths = ['a.txt', 'vendor/name/name-1.0.zip', 'z.txt', '-dash', 'ümlaut'];
  const got = await downloadWithTufJs(url, made.options.repositoryPath, join(directory, 'client'), paths);
  assert.equal(got.get('a.txt')?.toString(), 'two');
  assert.equal(got.get('vendor/name/name-1.0.zip')?.toString(), 'zip');
  assert.equal(got.get('z.txt')?.length, 0);
  assert.equal(got.get('ümlaut')?.toString(), 'u');
  assert.deepEqual(await verifyRepository(made.repository), []);
  assert.deepEqual(await readdir(made.repository.paths.staging), [], 'nothing is left staged');
});

test('committing a release again gives the same record and burns no version', async (t) => {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory);
  const first = await publish(made, '1', { a: 'x' }, { release: 'same' });
  const reopened = openRepository(made.options);
  const again = await commit({ ...made, repository: reopened }, [
    await stage({ directory, repository: reopened }, '1', { a: 'x' }, { release: 'same' }),
  ]);
  assert.deepEqual(again, first);
  assert.equal(await decisionOf(reopened, 'same'), 'committed');
  assert.deepEqual(await readdir(made.repository.paths.staging), []);
});

test('two workers that commit at once both succeed, with contiguous numbers', async (t) => {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory);
  const other = openRepository(made.options);
  const stagedHere = await stage(made, '1', { a: '1' });
  const stagedThere = await stage({ directory, repository: other }, '2', { b: '2' });
  const records = await Promise.all([
    commit(made, [stagedHere]),
    commit({ ...made, repository: other }, [stagedThere]),
  ]);
  assert.deepEqual(records.map(({ number }) => number).sort(), [2, 3]);
  for (const record of records) await makeVisible(made, record);
  assert.deepEqual(await verifyRepository(made.repository), []);
  const names = await readdir(made.repository.paths.metadata);
  assert.deepEqual(names.filter((name) => name.endsWith('targets.json')).sort(), [
    '1.targets.json',
    '2.targets.json',
    '3.targets.json',
  ]);
  const targets = await readFile(join(made.repository.paths.metadata, '3.targets.json'), 'utf8');
  assert.deepEqual(Object.keys((JSON.parse(targets) as { signed: { targets: object } }).signed.targets), [
    'a',
    'b',
  ]);
});
