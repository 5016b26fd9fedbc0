import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { freePort } from '../../src/server/index.js';
import { lifetimeOf, type Lifetime } from '../support/lifetime.js';
import { temporaryDirectory } from '../support/temporary.js';
import { until } from '../support/until.js';
import { audit, BOTH, freshConductor, RELEASE, Template, TIMESTAMP } from './world.js';

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const why =
  process.getuid?.() !== 0 || !['sshfs', 'ssh-keygen', '/usr/sbin/sshd'].every(has)
    ? 'needs root, sshfs and sshd'
    : false;
if (why !== false && process.env.TUFLINE_REQUIRE_ALL) throw new Error(why);

/** A directory of this machine as a file system on another one would show it, by way of SFTP. */
async function mountOverNetwork(lifetime: Lifetime, directory: string): Promise<string> {
  const [shared, mounted] = [join(directory, 'shared'), join(directory, 'mounted')];
  for (const path of [shared, mounted, '/run/sshd']) await mkdir(path, { recursive: true });
  for (const key of ['host', 'client']) {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, key)]);
  }
  const port = String(await freePort());
  const settings = [
    ...[`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${join(directory, 'host')}`, 'PidFile none'],
    ...[`AuthorizedKeysFile ${join(directory, 'client.pub')}`, 'StrictModes no', 'UsePAM no'],
    ...['PermitRootLogin yes', 'Subsystem sftp internal-sftp'],
  ];
  await writeFile(join(directory, 'sshd_config'), `${settings.join('\n')}\n`);
  const server = spawn('/usr/sbin/sshd', ['-D', '-f', join(directory, 'sshd_config')], { stdio: 'ignore' });
  lifetime.after(() => Promise.resolve(server.kill()));
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const identity = `IdentityFile=${join(directory, 'client')}`;
  await until('sshfs to mount', () =>
    Promise.resolve(
      spawnSync('sshfs', [
        ...['-p', port, '-o', [identity, ...options].join(',')],
        ...[`root@127.0.0.1:${shared}`, mounted],
      ]).status === 0,
    ),
  );
  lifetime.after(() => Promise.resolve(spawnSync('umount', ['-l', mounted])));
  return mounted;
}

test('a release crosses a network file system that forgets its inode numbers', { skip: why }, async (t) => {
  const lifetime = lifetimeOf(t);
  const mounted = await mountOverNetwork(lifetime, await temporaryDirectory(lifetime));
  const template = await Template.make({ isReady: false });
  lifetime.after(() => template.remove());
  const [postToTuf, inbound] = [join(mounted, 'post-to-tuf'), join(mounted, 'inbound')];
  for (const path of [postToTuf, inbound]) await mkdir(path);
  const world = await template.copy({ post_to_tuf_path: postToTuf, inbound_path: inbound });
  await world.post(TIMESTAMP, RELEASE);
  const workers = freshConductor(world.config);
  await workers.executor('monitor').run('claim', { timestamp: TIMESTAMP, max: 1 });
  await writeFile('/proc/sys/vm/drop_caches', '2');
  await world.releaseAll();
  assert.deepEqual(await audit(world.config, BOTH), []);
});

test('repository and records may lie on a network file system too', { skip: why }, async (t) => {
  const lifetime = lifetimeOf(t);
  const mounted = await mountOverNetwork(lifetime, await temporaryDirectory(lifetime));
  const template = await Template.make({ isReady: false });
  lifetime.after(() => template.remove());
  const [repository, state] = [join(mounted, 'repository'), join(mounted, 'state')];
  await cp(template.world.config.repositoryPath, repository, { recursive: true });
  await cp(template.world.config.statePath, state, { recursive: true });
  const world = await template.copy({ repository_path: repository, state_path: state });
  await world.post(TIMESTAMP, RELEASE);
  await world.releaseAll();
  assert.deepEqual(await audit(world.config, BOTH), []);
});
