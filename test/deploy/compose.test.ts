import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { buildProgram } from '../../src/cli/program.js';
import { parseConfig, ROLES, WORKER_ROLES } from '../../src/config/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const service = z.object({
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.unknown()).default({}),
  stop_grace_period: z.string().optional(),
});
const schema = z.object({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

const compose = schema.parse(
  parse(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }),
);
const config = parseConfig(
  await readFile(join(ROOT, 'deploy/tufline.yaml'), 'utf8'),
  '/etc/tufline/tufline.yaml',
);

/** The command line of the program must take these words. */
function mustExist(words: readonly string[]): void {
  let command = buildProgram();
  let rest = [...words];
  for (;;) {
    const [next, ...others] = rest;
    const found = command.commands.find((candidate) => candidate.name() === next);
    if (!found) break;
    command = found;
    rest = others;
  }
  for (const word of rest.filter((candidate) => candidate.startsWith('--'))) {
    assert.ok(
      command.options.some(({ long }) => long === word),
      `${words.join(' ')}: no option ${word}`,
    );
  }
  const known =
    command.registeredArguments.length > 0 ||
    rest.every((word, index) => word.startsWith('--') || rest[index - 1]?.startsWith('--'));
  assert.ok(known, `${words.join(' ')}: unknown words`);
}

test('there is a service for each role, as a user of its own, with its own keys only', () => {
  const users = new Set<string>();
  for (const role of WORKER_ROLES) {
    const {
      command,
      user,
      secrets,
      stop_grace_period: grace,
      healthcheck,
    } = compose.services[role] ?? assert.fail(role);
    assert.deepEqual(command?.slice(0, 2), ['worker', role]);
    assert.ok(
      user !== undefined && !users.has(user) && !user.startsWith('0'),
      `${role} has a user of its own`,
    );
    users.add(user);
    const own = { monitor: [], targets: ['targets_key', 'bins_key'] };
    assert.deepEqual(secrets, role in own ? own[role as keyof typeof own] : [`${role}_key`]);
    assert.ok(grace && healthcheck);
    if (role !== 'monitor') assert.deepEqual(config.roles[role].keys, [`file:/run/secrets/${role}_key`]);
  }
  assert.deepEqual(config.roles.root.keys, [], 'root is offline');
});

test('every command in it is one of the program', () => {
  for (const [name, { command, healthcheck }] of Object.entries(compose.services)) {
    if (command) mustExist(command);
    const [, program, ...words] = healthcheck?.test ?? [];
    if (program === 'tufline') mustExist(words);
    assert.ok(name);
  }
});

test('every file in it exists, and every directory is one that an instance has', async () => {
  const made = new Set([
    'post-to-tuf',
    'inbound',
    'repository',
    'state',
    'state/snapshot',
    'state/timestamp',
  ]);
  for (const { volumes } of Object.values(compose.services)) {
    for (const volume of volumes) {
      const [source = '', target = ''] = volume.split(':');
      if (!source.startsWith('.')) assert.ok(source in compose.volumes, volume);
      else if (source.startsWith('./deploy/instance/'))
        assert.ok(made.has(source.slice('./deploy/instance/'.length)), volume);
      else assert.ok(existsSync(join(ROOT, source)), volume);
      assert.ok(target.startsWith('/'), volume);
    }
  }
  for (const { file } of Object.values(compose.secrets))
    assert.match(file, /^\.\/deploy\/instance\/keys\/\w+\/key\.pem$/);
  const mounted = (role: string): string[] =>
    (compose.services[role]?.volumes ?? []).map((volume) => volume.split(':')[1] ?? '');
  assert.ok(
    mounted('monitor').includes(config.postToTufPath) && mounted('monitor').includes(config.inboundPath),
  );
  for (const role of WORKER_ROLES) {
    assert.ok(
      mounted(role).includes(config.repositoryPath) && mounted(role).includes(config.statePath),
      role,
    );
  }
  const prepare = await readFile(join(ROOT, 'deploy/prepare.sh'), 'utf8');
  for (const role of ROLES) assert.ok(prepare.includes(role), role);
  const ids = new Map([...prepare.matchAll(/(\w+)=(1000\d)/g)].map(([, name = '', id = '']) => [name, id]));
  for (const role of WORKER_ROLES)
    assert.equal(compose.services[role]?.user, `${String(ids.get(role))}:${String(ids.get('group'))}`);
});

test('what a service waits for is there, and images are pinned', () => {
  for (const [name, { depends_on: needs, image }] of Object.entries(compose.services)) {
    for (const need of Object.keys(needs)) assert.ok(need in compose.services, `${name} needs ${need}`);
    assert.match(image ?? '', /:/, name);
    assert.doesNotMatch(image ?? '', /auto-setup|alpine/, name);
  }
  const { environment } = compose.services['temporal'] ?? assert.fail('temporal');
  assert.ok(
    compose.services['temporal']?.volumes.some((volume) =>
      volume.includes(environment['DYNAMIC_CONFIG_FILE_PATH'] ?? '?'),
    ),
  );
});

test('a compose program takes it', async (t) => {
  const program = process.env['COMPOSE'] ?? 'docker-compose';
  try {
    await run(program, ['version']);
  } catch {
    if (process.env['TUFLINE_REQUIRE_ALL'] === '1')
      throw new Error(`${program} does not run, and it is required here`);
    t.skip('there is no docker-compose here');
    return;
  }
  await run(program, ['--file', 'docker-compose.yml', 'config', '--quiet'], { cwd: ROOT });
});
