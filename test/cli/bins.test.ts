import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { adviseOutput, resizeOutput } from '../../src/cli/json-outputs.js';
import { loadConfig } from '../../src/config/index.js';
import { setHashBins, withHashBins } from '../../src/instance/index.js';
import { initInstance, startDev, tufline } from '../support/command-line.js';
import { temporaryDirectory } from '../support/temporary.js';
import { validated } from '../support/validated.js';

test('bins: wrong usage exits with 2 and one sentence that says what to do', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const cases: [string[], RegExp][] = [
    [['bins', 'resize', '3'], /There cannot be 3 hash bins.*power of two/],
    [['bins', 'resize', '1'], /There cannot be 1 hash bins/],
    [['bins', 'resize', '131072'], /There cannot be 131072 hash bins/],
    [['bins', 'resize', 'many'], /Write a whole number/],
    [['bins', 'resize', '4', '--style', 'odd'], /path_hash_prefixes, succinct/],
    [['bins', 'resize', '4'], /No Temporal server is known.*Run "tufline dev"/],
    [['bins', 'advise'], /no targets yet.*--targets/],
    [['bins', 'advise', '--config', 'nowhere.yaml'], /There is no configuration/],
  ];
  for (const [parameters, sentence] of cases) {
    const { code, stderr } = await tufline(instance, parameters);
    assert.equal(code, 2, `${parameters.join(' ')}: ${stderr}`);
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack trace');
  }
});

test('bins resize follows the work to its end, and tufline.yaml says the same afterwards', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const file = join(instance, 'tufline.yaml');
  const before = await readFile(file, 'utf8');
  await chmod(file, 0o640);
  await startDev(t, instance);
  const posted = await tufline(instance, ['post', 'tufline.yaml', '--as', 'a/b.yaml', '--wait']);
  assert.equal(posted.code, 0, posted.stderr);
  const resized = await tufline(instance, ['bins', 'resize', '8', '--style', 'succinct', '--json']);
  assert.equal(resized.code, 0, resized.stderr);
  const found = validated(resizeOutput, resized.stdout);
  assert.equal(found.outcome, 'resized');
  assert.deepEqual([found.count, found.style, found.settings], [8, 'succinct', 'written']);
  const after = await readFile(file, 'utf8');
  assert.equal(
    after,
    before.replace('count: 0', 'count: 8').replace('style: path_hash_prefixes', 'style: succinct'),
  );
  assert.equal((await stat(file)).mode & 0o777, 0o640);
  const again = await tufline(instance, ['bins', 'resize', '8']);
  assert.match(again.stdout, /over 8 bins \(succinct\) already/);
  await writeFile(file, before);
  const status = await tufline(instance, ['status', '--check']);
  assert.equal(status.code, 1);
  assert.match(
    status.stdout,
    /hash_bins in tufline.yaml says one file, but targets are spread over 8 bins \(succinct\)/,
  );
  assert.match(
    (await tufline(instance, ['bins', 'resize', '8'])).stdout,
    /tufline.yaml has hash_bins.count: 8/,
  );
  const started = await tufline(instance, ['bins', 'resize', '0', '--no-wait', '--json']);
  assert.equal(validated(resizeOutput, started.stdout).outcome, 'started');
  const followed = await tufline(instance, ['bins', 'resize', '0']);
  assert.equal(followed.code, 0, followed.stderr);
  assert.match(followed.stdout, /over one file/);
  assert.equal((await loadConfig(file)).hashBins.count, 0);
  assert.equal((await tufline(instance, ['verify'])).code, 0);
});

test('bins advise says what each choice costs, with an instance and without', async (t) => {
  const directory = await temporaryDirectory(t);
  const text = await tufline(directory, ['bins', 'advise', '--targets', '1000000']);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^For 1000000 targets and 10 releases a day take \d+ bins/);
  const { stdout } = await tufline(directory, ['bins', 'advise', '--targets', '1000000', '--json']);
  const found = validated(adviseOutput, stdout);
  assert.equal(found.assumptions.entryBytesFrom, 'average');
  assert.ok(found.choices.some(({ count }) => count === 16_384));
});

test('only what is said of hash bins changes in tufline.yaml', async (t) => {
  const to = { count: 64, style: 'succinct' } as const;
  assert.equal(
    withHashBins(
      '# a\nhash_bins:\n  count: 4     # many\n  style: "path_hash_prefixes"   # b\n\nname: x # c\n',
      to,
    ),
    '# a\nhash_bins:\n  count: 64     # many\n  style: succinct   # b\n\nname: x # c\n',
  );
  assert.equal(
    withHashBins('hash_bins: { count: 4, snapshot_entries: version }  # d\n', to),
    'hash_bins: { count: 64, snapshot_entries: version, style: succinct } # d\n',
  );
  assert.equal(
    withHashBins('name: x # c\n', to),
    'name: x # c\nhash_bins:\n  count: 64\n  style: succinct\n',
  );
  assert.equal(withHashBins('hash_bins:\n  count: 4\n', { ...to, count: 0 }), 'hash_bins:\n  count: 0\n');
  const file = join(await temporaryDirectory(t), 'tufline.yaml');
  await writeFile(file, 'name: x\n');
  assert.equal(await setHashBins(file, to), true);
  assert.equal(await setHashBins(file, to), false);
  const { hashBins } = await loadConfig(file);
  assert.deepEqual([hashBins.count, hashBins.style], [64, 'succinct']);
});
