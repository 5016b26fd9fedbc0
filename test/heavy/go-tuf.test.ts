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

const SOURCE = fileURLToPath(new URL('../clients/go', import.meta.url));

test('go-tuf verifies and downloads what releases published', async (t) => {
  const directory = await temporaryDirectory(t);
  const command = join(directory, 'go-tuf-client');
  await promisify(execFile)('go', ['build', '-o', command, '.'], { cwd: SOURCE });
  const made = await makeRepository(directory);
  await publish(made, '1', FILES);
  await publish(made, '2', { 'a.txt': 'two' });
  const url = await serveDirectory(t, made.options.repositoryPath);
  const files = Object.entries({ ...FILES, 'a.txt': 'two' });
  const paths = files.map(([path]) => path);
  const got = await downloadWith(
    { command, parameters: [] },
    url,
    made.options.repositoryPath,
    join(directory, 'client'),
    paths,
  );
  for (const [path, content] of files) assert.equal(got.get(path)?.toString(), content, path);
});
