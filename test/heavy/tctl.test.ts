import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { initInstance, startDev, tufline } from '../support/command-line.js';
import { temporaryDirectory } from '../support/temporary.js';

const run = promisify(execFile);

test('a release that tctl shows and writes to a file replays', async (t) => {
  const tctl = process.env['TCTL_PATH'];
  assert.ok(tctl, 'TCTL_PATH names the program (.ci/run builds it)');
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const dev = await startDev(t, instance);
  const address = /Temporal at (\S+?),/.exec(dev.line)?.[1] ?? assert.fail(dev.line);
  const posted = await tufline(instance, ['post', 'tufline.yaml', '--timestamp', '1', '--wait']);
  assert.equal(posted.code, 0, posted.stderr);

  const { stdout } = await run(tctl, [
    '--address',
    address,
    'workflow',
    'show',
    '--workflow_id',
    'tufline-release-1',
  ]);
  assert.match(stdout, /WorkflowExecutionStarted/);
  const file = join(directory, 'history.json');
  await run(tctl, [
    '--address',
    address,
    'workflow',
    'show',
    '--workflow_id',
    'tufline-release-1',
    '--output_filename',
    file,
  ]);
  const replayed = await tufline(instance, ['replay', file]);
  assert.equal(replayed.code, 0, replayed.stderr);
  assert.match(replayed.stdout, /every decision the same/);
  assert.equal(await dev.stop(), 0);
});
