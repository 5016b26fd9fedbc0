import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { downloadWith } from '../support/client-driver.js';
import { FILES } from '../support/client-files.js';
import { makeRepository, publish } from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';
import { serveDirectory } from '../support/web-server.js';

const DRIVER = fileURLToPath(new URL('../clients/python/client.py', import.meta.url));

for (const keyIds of ['spec', 'php-tuf'] as const) {
  test(`python-tuf verifies and downloads what releases published (key ids: ${keyIds})`, async (t) => {
    try {
      await promisify(execFile)('python3', ['-c', 'import tuf.ngclient']);
    } catch {
      assert.notEqual(process.env['TUFLINE_REQUIRE_ALL'], '1', 'python-tuf is required here');
      t.skip('python-tuf is not installed here: pip install tuf');
      return;
    }
    const directory = await temporaryDirectory(t);
    const made = await makeRepository(directory, { keyIds, hashAlgorithms: ['sha256', 'sha512'] });
    const { ['n'.repeat(190)]: _long, ...files } = FILES;
    await publish(made, '1', files);
    await publish(made, '2', { 'a.txt': 'two' });
    const url = await serveDirectory(t, made.options.repositoryPath);
    const driver = { command: 'python3', parameters: ['-B', DRIVER] };
    const got = await downloadWith(
      driver,
      url,
      made.options.repositoryPath,
      join(directory, 'client'),
      Object.keys(files),
    );
    for (const [path, content] of Object.entries({ ...files, 'a.txt': 'two' })) {
      assert.equal(got.get(path)?.toString(), content, path);
    }
  });
}
