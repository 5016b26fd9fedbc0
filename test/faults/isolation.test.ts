import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadConfig, ROLES, type Config } from '../../src/config/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { lifetimeOf } from '../support/lifetime.js';
import { temporaryDirectory } from '../support/temporary.js';
import { until } from '../support/until.js';
import { Server } from './deployment.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GROUP = 10000;
const SIGNING = 10005;
const USERS = { monitor: 10001, targets: 10002, snapshot: 10003, timestamp: 10004, pipeline: 10006 } as const;
type User = keyof typeof USERS;

const why =
  process.getuid?.() !== 0 || spawnSync('setpriv', ['--version']).status !== 0
    ? 'needs root and setpriv'
    : false;
if (why !== false && process.env.TUFLINE_REQUIRE_ALL) throw new Error(why);

/** The command that runs another one as one of the users, and as nothing more. */
function as(user: User): string[] {
  const groups = user === 'monitor' || user === 'pipeline' ? [GROUP] : [GROUP, SIGNING];
  const ids = [`--reuid=${String(USERS[user])}`, `--regid=${String(GROUP)}`, `--groups=${groups.join(',')}`];
  return ['setpriv', ...ids, '--no-new-privs', '--inh-caps=-all'];
}

async function runAs(user: User, ...command: string[]): Promise<{ code: number; text: string }> {
  const [program = '', ...rest] = [...as(user), ...command];
  return promisify(execFile)(program, rest).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: unknown) => ({ code: 1, text: error instanceof Error ? error.message : String(error) }),
  );
}

interface Isolated {
  readonly config: Config;
  /** The program where all users may read it. */
  readonly program: string;
}

/** An instance with owners and modes as deploy/prepare.sh makes them. */
async function prepare(directory: string): Promise<Isolated> {
  await chmod(directory, 0o755);
  const app = join(directory, 'app');
  await mkdir(app);
  await cp(join(ROOT, 'deploy'), join(app, 'deploy'), {
    recursive: true,
    filter: (path) => !path.endsWith('/instance'),
  });
  await cp(join(ROOT, 'dist'), join(app, 'dist'), { recursive: true });
  const isReadable =
    (await runAs('monitor', 'test', '-r', join(ROOT, 'node_modules', 'zod', 'package.json'))).code === 0;
  const modules = join(app, 'node_modules');
  if (isReadable) await symlink(join(ROOT, 'node_modules'), modules);
  else await cp(join(ROOT, 'node_modules'), modules, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(app, 'package.json'));
  await promisify(execFile)('sh', ['deploy/prepare.sh'], { cwd: app });
  const instance = join(app, 'deploy', 'instance');
  const file = join(instance, 'tufline.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text
      .replaceAll('/srv/', `${instance}/`)
      .replaceAll(/\/run\/secrets\/(\w+)_key/g, `${instance}/keys/$1/key.pem`)
      .replace('scan_period: 5s', 'scan_period: 1s'),
  );
  return { config: await loadConfig(file), program: join(app, 'dist', 'cli', 'main.js') };
}

function startWorker(
  t: Pick<TestContext, 'after'>,
  user: User,
  { config, program }: Isolated,
  address: string,
): ChildProcess {
  const umask = user === 'monitor' ? '007' : '022';
  const [command = '', ...rest] = as(user);
  const shell = ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, program];
  const child = spawn(command, [...rest, ...shell, 'worker', user, '--config', config.file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, TEMPORAL_ADDRESS: address, HOME: '/nonexistent' },
  });
  t.after(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

test('every role does its work as a user of its own, and can do nothing else', { skip: why }, async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  const isolated = await prepare(directory);
  const { config, program } = isolated;
  const { paths } = openRepository(config);
  const serverDirectory = join(directory, 'server');
  await mkdir(serverDirectory);
  const server = await Server.start(serverDirectory);
  lifetime.after(() => server.stop());
  await server.applySchedule(config);
  for (const user of ['monitor', 'targets', 'snapshot', 'timestamp'] as const) {
    startWorker(
      {
        after: (end) => {
          lifetime.after(end as () => Promise<unknown>);
        },
      },
      user,
      isolated,
      server.address,
    );
  }

  await t.test('a release of the pipeline is published', async () => {
    const from = join(directory, 'package.zip');
    await writeFile(from, 'a package');
    await chmod(from, 0o644);
    const posted = await runAs(
      'pipeline',
      'sh',
      '-c',
      'umask 007; exec "$@"',
      'sh',
      process.execPath,
      program,
      'post',
      from,
      '--config',
      config.file,
    );
    assert.equal(posted.code, 0, posted.text);
    await until('the release to be published', async () => {
      const targets = await readdir(paths.targets);
      const left = await readdir(config.postToTufPath);
      return targets.length === 1 && left.length === 0;
    });
    assert.deepEqual(await verifyRepository(openRepository(config)), []);
  });

  await t.test('no role reads a key but its own', async () => {
    const keys = join(config.directory, 'keys');
    for (const user of Object.keys(USERS) as User[]) {
      for (const role of ROLES) {
        const { code } = await runAs(user, 'cat', join(keys, role, 'key.pem'));
        const owner = role === 'bins' ? 'targets' : role;
        assert.equal(code === 0, user === owner, `${user} and the key of ${role}`);
      }
    }
  });

  await t.test('monitor and pipeline write nothing that clients see, and no record', async () => {
    const metadata = join(paths.metadata, 'timestamp.json');
    for (const user of ['monitor', 'pipeline'] as const) {
      for (const command of [
        ['sh', '-c', 'echo x >>"$0"', metadata],
        ['mv', metadata, `${metadata}.away`],
        ['touch', join(paths.metadata, '9.targets.json')],
        ['touch', join(paths.targets, 'file')],
        ['touch', join(paths.staging, 'file')],
        ['touch', join(paths.commits, '9.json')],
        ['touch', join(paths.snapshot, '9.json')],
        ['touch', join(paths.timestamp, '9.json')],
      ]) {
        assert.equal((await runAs(user, ...command)).code, 1, `${user}: ${command.join(' ')}`);
      }
    }
  });

  await t.test('a signing role writes no records but its own', async () => {
    const owners = { targets: paths.commits, snapshot: paths.snapshot, timestamp: paths.timestamp };
    for (const user of ['targets', 'snapshot', 'timestamp'] as const) {
      for (const [owner, path] of Object.entries(owners)) {
        if (owner === user) continue;
        assert.equal(
          (await runAs(user, 'touch', join(path, '9.json'))).code,
          1,
          `${user} and the records of ${owner}`,
        );
      }
    }
  });

  await t.test('a key that others may read is refused at the start', async () => {
    for (const mode of [0o644, 0o640, 0o604]) {
      await chmod(join(config.directory, 'keys', 'targets', 'key.pem'), mode);
      const { code, text } = await runAs(
        'targets',
        process.execPath,
        program,
        'worker',
        'targets',
        '--config',
        config.file,
      );
      assert.equal(code, 1);
      assert.match(text, /may be used by others than its owner \(mode 06\d\d\)\. Run: chmod 600/);
      assert.doesNotMatch(text, /\n\s+at /);
    }
  });
});
