import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig, type Config } from '../../src/config/index.js';
import { initInstance } from '../../src/instance/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { tufline } from '../support/command-line.js';
import { lifetimeOf, type Lifetime } from '../support/lifetime.js';
import { temporaryDirectory } from '../support/temporary.js';
import { until } from '../support/until.js';
import { Server } from './deployment.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Worker {
  readonly child: ChildProcess;
  readonly said: () => string;
}

function startWorker(lifetime: Lifetime, config: Config, roles: readonly string[], address: string): Worker {
  const child = spawn(process.execPath, [PROGRAM, 'worker', ...roles, '--config', config.file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TEMPORAL_ADDRESS: address, NO_COLOR: '1' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  lifetime.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  return { child, said: () => text };
}

async function makeInstance(directory: string): Promise<Config> {
  const { config } = await initInstance(directory);
  const text = await readFile(config.file, 'utf8');
  await writeFile(config.file, text.replace('scan_period: 5s', 'scan_period: 1s'));
  return loadConfig(config.file);
}

async function readyFiles(config: Config, timestamp: string, files: number): Promise<void> {
  const temporary = join(config.postToTufPath, `tuf_tmp_${timestamp}`);
  await mkdir(temporary);
  for (let file = 0; file < files; file++)
    await writeFile(join(temporary, `f${String(file)}`), `${String(file)}\n`);
  await rename(temporary, join(config.postToTufPath, `tuf_ready_${timestamp}`));
}

test('workers start before the server, say so, and drain when they are asked to end', async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  const config = await makeInstance(join(directory, 'instance'));
  const serverDirectory = join(directory, 'server');
  await mkdir(serverDirectory);
  const server = await Server.start(serverDirectory);
  lifetime.after(() => server.stop());
  await server.applySchedule(config);
  await server.stop();

  const others = startWorker(lifetime, config, ['targets', 'snapshot', 'timestamp'], server.address);
  const monitor = startWorker(lifetime, config, ['monitor'], server.address);
  for (const { said } of [others, monitor]) {
    await until('the worker to say that it waits', () => Promise.resolve(said().includes('Waiting for it.')));
    assert.match(said(), /^.*127\.0\.0\.1:\d+.*\. Waiting for it\.\n$/);
  }
  await server.start();
  await until('the workers to be ready', () =>
    Promise.resolve([others, monitor].every(({ said }) => said().includes('ready'))),
  );

  // Enough files that the move is under way when the signal comes.
  await readyFiles(config, '1', 1500);
  await until('the move to begin', async () => (await readdir(config.inboundPath)).length > 0);
  monitor.child.kill('SIGTERM');
  const [code] = (await once(monitor.child, 'exit')) as [number];
  assert.equal(code, 0, monitor.said());
  startWorker(lifetime, config, ['monitor'], server.address);
  const left = async (): Promise<string[]> => [
    ...(await readdir(config.postToTufPath)),
    ...(await readdir(config.inboundPath)),
  ];
  await until('the release to be published and cleaned up', async () => (await left()).length === 0);
  assert.deepEqual(await verifyRepository(openRepository(config)), []);
  others.child.kill('SIGTERM');
  assert.deepEqual(await once(others.child, 'exit'), [0, null], others.said());
});

test('a worker that can never work stops at once, with one sentence', async (t) => {
  const directory = await temporaryDirectory(t);
  const config = await makeInstance(join(directory, 'instance'));
  const other = await makeInstance(join(directory, 'other'));
  const [keyName = ''] = await readdir(join(config.directory, 'keys', 'targets'));
  const key = join(config.directory, 'keys', 'targets', keyName);
  const kept = await readFile(key);
  const text = await readFile(config.file, 'utf8');
  const [otherName = ''] = await readdir(join(other.directory, 'keys', 'targets'));
  // Nothing listens there, and nobody waits for it.
  const environment = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const refuses = async (what: string, pattern: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await tufline(config.directory, ['worker', 'targets'], environment);
    assert.ok(code === 1 || code === 2, `${what}: exit code ${String(code)}`);
    assert.match(stderr, pattern, what);
    assert.equal(stderr.trim().split('\n').length, 1, `${what}: one sentence, not ${stderr}`);
    assert.equal(stdout, '');
  };

  await rm(key);
  await refuses('no key', /The private key .*\.pem is not there\./);
  await writeFile(key, await readFile(join(other.directory, 'keys', 'targets', otherName)), { mode: 0o600 });
  await refuses('the key of another instance', /targets/);
  await writeFile(key, kept, { mode: 0o600 });
  await chmod(key, 0o600);
  await writeFile(config.file, `${text}\nnonsense: 1\n`);
  await refuses('an unknown setting', /nonsense/);
  await writeFile(config.file, text.replace('scan_period: 1s', 'scan_period: soon'));
  await refuses('a wrong setting', /scan_period/);
  await writeFile(config.file, text.replace(/( {2}targets:\n(?: {4}.*\n)*? {4}keys: )\[.*\]/, '$1[]'));
  await refuses('an empty list of keys', /targets/);
  await writeFile(config.file, text);
  await rename(config.repositoryPath, `${config.repositoryPath}.away`);
  await refuses('a repository that is not mounted', /repository/);
});
