import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { postOutput, statusOutput, verifyOutput } from '../../src/cli/json-outputs.js';
import { validated } from '../support/validated.js';
import { initInstance, startDev, tufline } from '../support/command-line.js';
import { processesMentioning } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary.js';
import { downloadWithTufJs } from '../support/tuf-js-client.js';
import { until } from '../support/until.js';
import { serveDirectory } from '../support/web-server.js';

test('init, dev, package, post --wait, status, verify, retry, cancel: a first try in a fresh folder', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const dev = await startDev(t, instance);
  assert.match(
    dev.line,
    /^ready: Temporal at 127\.0\.0\.1:\d+, releases in the UI: http:\/\/127\.0\.0\.1:\d+/,
  );

  await t.test('a package is built and published', async () => {
    await mkdir(join(directory, 'app'));
    await writeFile(join(directory, 'app', 'index.js'), 'console.log(1)');
    const packed = await tufline(directory, [
      'package',
      'app',
      '--name',
      'app',
      '--version',
      '1.0',
      '--out',
      'out',
    ]);
    assert.equal(packed.code, 0, packed.stderr);
    const posted = await tufline(instance, [
      'post',
      '../out/app-1.0.zip',
      '../out/app.json',
      '--as',
      'vendor/',
      '--wait',
    ]);
    assert.equal(posted.code, 0, posted.stderr);
    assert.match(posted.stdout, /^tuf_ready_\S+\npublished in .* 2 targets, commit 2, targets version 2\n$/);
    const url = await serveDirectory(t, join(instance, 'repository'));
    const got = await downloadWithTufJs(url, join(instance, 'repository'), join(directory, 'client'), [
      'vendor/app-1.0.zip',
    ]);
    assert.deepEqual(got.get('vendor/app-1.0.zip'), await readFile(join(directory, 'out', 'app-1.0.zip')));
  });

  await t.test('what is printed as JSON has the published form', async () => {
    const { stdout } = await tufline(instance, ['status', '--json']);
    const status = validated(statusOutput, stdout);
    assert.ok(status.temporal.reachable && status.temporal.workers.every(({ workers }) => workers === 1));
    validated(verifyOutput, (await tufline(instance, ['verify', '--json'])).stdout);
    validated(postOutput, (await tufline(instance, ['post', 'tufline.yaml', '--wait', '--json'])).stdout);
  });

  await t.test('a second dev says who has the instance', async () => {
    const second = await tufline(instance, ['dev']);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /A "tufline dev" runs on this instance already \(process \d+/);
  });

  await t.test('bad input fails with a sentence, and is released when it is put right', async () => {
    const temporary = join(instance, 'post-to-tuf', 'tuf_tmp_7');
    await mkdir(temporary);
    await symlink('/etc/hostname', join(temporary, 'link'));
    await writeFile(join(temporary, 'good.txt'), 'good');
    await tufline(instance, ['schedule', 'pause']);
    const { rename } = await import('node:fs/promises');
    await rename(temporary, join(instance, 'post-to-tuf', 'tuf_ready_7'));
    await tufline(instance, ['schedule', 'resume']);
    await until('tuf_failed_7', async () =>
      (await readdir(join(instance, 'post-to-tuf'))).includes('tuf_failed_7'),
    );
    const status = await tufline(instance, ['status', '--check']);
    assert.equal(status.code, 1);
    assert.match(
      status.stdout,
      /tuf_failed_7 failed: The file link cannot be released: it is a symbolic link/,
    );
    await rm(join(instance, 'post-to-tuf', 'tuf_failed_7', 'link'));
    const retried = await tufline(instance, ['retry', '7']);
    assert.equal(retried.code, 0, retried.stderr);
    await until('no directory', async () => (await readdir(join(instance, 'post-to-tuf'))).length === 0);
    assert.match((await tufline(instance, ['verify'])).stdout, /all good: 4 targets/);
  });

  await t.test('a release that waits can be cancelled, and retried', async () => {
    assert.equal((await tufline(instance, ['schedule', 'pause', '--note', 'a test'])).code, 0);
    assert.equal((await tufline(instance, ['post', 'tufline.yaml', '--timestamp', '8'])).code, 0);
    const cancelled = await tufline(instance, ['cancel', '8']);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    assert.match(cancelled.stdout, /The release 8 is cancelled; its files are in tuf_failed_8/);
    const status = await tufline(instance, ['status']);
    assert.match(status.stdout, /The schedule is paused \(a test\)/);
    assert.equal((await tufline(instance, ['schedule', 'resume'])).code, 0);
    assert.equal((await tufline(instance, ['retry', '8'])).code, 0);
    await until('no directory', async () => (await readdir(join(instance, 'post-to-tuf'))).length === 0);
  });

  await t.test('a live workflow replays', async () => {
    const replayed = await tufline(instance, ['replay', 'tufline-release-8']);
    assert.equal(replayed.code, 0, replayed.stderr);
    assert.match(replayed.stdout, /every decision the same/);
  });

  await t.test('the schedule is applied and deleted as often as one likes', async () => {
    for (const [action, outcome] of [
      ['apply', 'updated'],
      ['trigger', 'triggered'],
      ['delete', 'deleted'],
      ['delete', 'not there'],
      ['apply', 'created'],
    ] as const) {
      const { code, stdout, stderr } = await tufline(instance, ['schedule', action]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `The schedule tufline-scan is ${outcome}.\n`);
    }
  });

  await t.test('two Ctrl-C to the whole group drain and leave no process', async () => {
    assert.ok(dev.child.pid);
    process.kill(-dev.child.pid, 'SIGINT');
    process.kill(-dev.child.pid, 'SIGINT');
    assert.equal(await dev.ended, 0);
    assert.deepEqual(await processesMentioning(instance), []);
  });
});

test('kill -9 of dev leaves no process, and the next dev finishes what was running', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const first = await startDev(t, instance);
  assert.equal((await tufline(instance, ['post', 'tufline.yaml', '--wait'])).code, 0);
  const payload = join(directory, 'large.bin');
  await writeFile(payload, Buffer.alloc(64 * 1024 * 1024, 7));
  // Not waited for: by the time that it has ended the release may be through.
  const posting = tufline(instance, ['post', payload]);
  await until('the release to be processed', async () =>
    (await readdir(join(instance, 'post-to-tuf'))).some((name) => name.startsWith('tuf_processing_')),
  );
  first.child.kill('SIGKILL');
  await first.ended;
  await posting;
  await until('all children to end', async () => (await processesMentioning(instance)).length === 0);
  const second = await startDev(t, instance);
  await until(
    'the release to be published',
    async () => (await readdir(join(instance, 'post-to-tuf'))).length === 0,
  );
  assert.match((await tufline(instance, ['verify'])).stdout, /all good: 2 targets/);
  assert.equal(await second.stop(), 0);
  assert.deepEqual(await processesMentioning(instance), []);
});
