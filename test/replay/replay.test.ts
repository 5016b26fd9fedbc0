import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { TuflineError } from '../../src/errors/index.js';
import { replayHistory } from '../../src/workers/index.js';
import { initInstance, tufline } from '../support/command-line.js';
import { temporaryDirectory } from '../support/temporary.js';

const HISTORIES = fileURLToPath(new URL('../histories', import.meta.url));
const files = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json'));

async function historyOf(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(HISTORIES, name), 'utf8')) as unknown;
}

test('there is a history of every path', () => {
  for (const path of [
    'published',
    'failed-input',
    'cancelled',
    'cancelled-too-late',
    'retried-step',
    'resumed-after-loss',
    'scan',
    'scan-of-several',
    'refresh',
  ]) {
    assert.ok(files.includes(`${path}.json`), path);
  }
  assert.ok(files.includes('published.tctl.json'), 'one that tctl wrote');
});

for (const file of files) {
  test(`${file} replays`, async () => {
    const { events } = await replayHistory(await historyOf(file));
    assert.ok(events > 5);
  });
}

test('a tampered history is caught', async () => {
  const text = JSON.stringify(await historyOf('published.json'));
  // The code moves the files before it has the targets signed; a history in which it did not is not one of this code.
  const tampered = text
    .replaceAll('"name":"move"', '"name":"targets"')
    .replaceAll('"activityId":"move"', '"activityId":"targets"');
  assert.notEqual(tampered, text);
  await assert.rejects(replayHistory(JSON.parse(tampered)), (error: unknown) => {
    assert.ok(error instanceof TuflineError);
    assert.equal(error.code, 'replay-differs');
    assert.match(error.message, /does not replay the history of release/);
    return true;
  });
});

test('what is no history is said to be none', async () => {
  for (const document of [
    null,
    7,
    [],
    {},
    { events: [] },
    { events: [{ eventId: '1' }] },
    { history: 'x' },
  ]) {
    await assert.rejects(
      replayHistory(document),
      (error: unknown) => error instanceof TuflineError && error.code === 'no-history',
    );
  }
});

test('the command line replays a file, and exits with 1 for one that differs', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const good = await tufline(instance, ['replay', join(HISTORIES, 'published.json')]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /every decision the same/);
  const text = await readFile(join(HISTORIES, 'published.json'), 'utf8');
  const bad = join(directory, 'tampered.json');
  await writeFile(bad, text.replaceAll('"move"', '"targets"'));
  const caught = await tufline(instance, ['replay', bad]);
  assert.equal(caught.code, 1, caught.stderr);
  assert.match(caught.stderr, /does not replay/);
  await writeFile(bad, 'no json');
  assert.equal((await tufline(instance, ['replay', bad])).code, 2);
});
