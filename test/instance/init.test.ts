import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, ROLES } from '../../src/config/index.js';
import { initInstance, PASSPHRASE_VARIABLE, rootKeyNotice } from '../../src/instance/index.js';
import { openRepository, publishedState, verifyRepository } from '../../src/repository/index.js';
import { openSigners } from '../../src/signers/index.js';
import { temporaryDirectory } from '../support/temporary.js';
import { downloadWithTufJs } from '../support/tuf-js-client.js';
import { serveDirectory } from '../support/web-server.js';

void test('init makes an instance that loads, verifies, and that a client accepts', async (t) => {
  const base = await temporaryDirectory(t);
  const directory = join(base, 'new', 'instance');
  const result = await initInstance(directory);
  assert.deepEqual(await loadConfig(join(directory, 'tufline.yaml')), result.config);
  assert.deepEqual((await readdir(directory)).sort(), [
    'inbound',
    'keys',
    'post-to-tuf',
    'repository',
    'state',
    'tufline.yaml',
  ]);
  const repository = openRepository(result.config);
  assert.deepEqual(await verifyRepository(repository), []);
  const { roles } = await publishedState(repository);
  for (const role of ROLES) {
    const [signer, ...others] = await openSigners(result.config.roles[role].keys, {
      directory,
      environment: {},
    });
    assert.ok(signer && others.length === 0);
    assert.match(
      signer.uri,
      new RegExp(`^file:keys/${role}/${signer.publicKey.keyval.public.slice(0, 8)}\\.pem$`),
    );
    assert.equal((await stat(join(directory, 'keys', role))).mode & 0o777, 0o700);
  }
  assert.equal(Object.keys(roles).length > 0, true);
  const url = await serveDirectory(t, result.config.repositoryPath);
  await downloadWithTufJs(url, result.config.repositoryPath, join(base, 'client'), []);
  assert.match(
    rootKeyNotice(result),
    /root key is online: .*\/keys\/root\/[0-9a-f]{8}\.pem\. .*docs\/operating\.md/,
  );
});

void test('init with a name and a passphrase', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'README'), 'not ours, and left alone');
  const { config, keys } = await initInstance(directory, { name: '12', passphrase: 'secret' });
  assert.equal(config.name, '12');
  assert.equal((await loadConfig(join(directory, 'tufline.yaml'))).name, '12');
  assert.deepEqual(config.roles.targets.keys, [`file:${keys.targets}?passphrase_env=${PASSPHRASE_VARIABLE}`]);
  for (const role of ROLES) {
    assert.match(await readFile(join(directory, keys[role]), 'utf8'), /ENCRYPTED/);
  }
  assert.doesNotMatch(await readFile(join(directory, 'tufline.yaml'), 'utf8'), /secret/);
});

void test('init never touches what is there', async (t) => {
  const directory = await temporaryDirectory(t);
  const { keys } = await initInstance(directory);
  const before = await readFile(join(directory, keys.root));
  await assert.rejects(initInstance(directory), { code: 'exists', kind: 'usage', message: /an instance at/ });
  await rm(join(directory, 'tufline.yaml'));
  await assert.rejects(initInstance(directory), {
    code: 'exists',
    message: /no tufline\.yaml, but keys, repository, state, inbound, post-to-tuf: perhaps/,
  });
  assert.deepEqual(await readFile(join(directory, keys.root)), before);
  const other = join(directory, 'other');
  await mkdir(join(other, 'state'), { recursive: true });
  await assert.rejects(initInstance(other), { code: 'exists', message: /but state/ });
  assert.deepEqual(await readdir(other), ['state']);
  await assert.rejects(initInstance(join(directory, keys.root)), { code: 'exists', message: /no directory/ });
});

void test('a name that cannot be used is refused before anything is made', async (t) => {
  const directory = join(await temporaryDirectory(t), 'instance');
  for (const name of ['', 'a b', "a'b", 'a\nb: c', '../x', 'ä', '-a']) {
    await assert.rejects(
      initInstance(directory, { name }),
      { code: 'instance-name', remedy: /use letters/ },
      name,
    );
    await assert.rejects(stat(directory), { code: 'ENOENT' });
  }
});

void test('of two inits at once, one makes the instance', async (t) => {
  const directory = await temporaryDirectory(t);
  const results = await Promise.allSettled([initInstance(directory), initInstance(directory)]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  for (const result of results) {
    if (result.status === 'rejected') {
      assert.equal(result.reason instanceof Error && 'code' in result.reason && result.reason.code, 'exists');
    }
  }
  assert.deepEqual(
    await verifyRepository(openRepository(await loadConfig(join(directory, 'tufline.yaml')))),
    [],
  );
});
