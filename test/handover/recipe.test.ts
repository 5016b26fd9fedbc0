import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TestHandover } from '../support/handover.js';
import { temporaryDirectory } from '../support/temporary.js';

test('the shell recipe of docs/hand-over.md hands over, as it is printed', async (t) => {
  const page = await readFile(fileURLToPath(new URL('../../docs/hand-over.md', import.meta.url)), 'utf8');
  const recipe = /```sh\n(.*?)```/s.exec(page)?.[1] ?? assert.fail('there is no recipe');
  const directory = await temporaryDirectory(t);
  const handover = await TestHandover.make(directory);
  await mkdir(join(directory, 'packages', 'vendor'), { recursive: true });
  await writeFile(join(directory, 'packages', 'a.zip'), 'a');
  await writeFile(join(directory, 'packages', 'vendor', 'b with space.zip'), 'b');
  const { stdout } = await promisify(execFile)('sh', ['-c', recipe], {
    cwd: directory,
    env: { PATH: process.env['PATH'], PACKAGES: 'packages' },
  });
  const timestamp = /^tuf_ready_(\S+)\n$/.exec(stdout)?.[1] ?? assert.fail(stdout);
  const claim = await handover.mustClaim(timestamp);
  assert.equal(claim.problem, undefined);
  assert.ok(claim.sums, 'with digests');
  const { files } = await handover.move(claim);
  assert.deepEqual(
    files.map(({ path }) => path),
    ['a.zip', 'vendor/b with space.zip'],
  );
});
