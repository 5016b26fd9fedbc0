import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig, parseConfig } from '../../src/config/index.js';
import { TuflineError } from '../../src/errors/index.js';
import { temporaryDirectory } from '../support/temporary.js';

const FILE = '/instances/a/tufline.yaml';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function complaint(text: string): string {
  try {
    parseConfig(text, FILE);
  } catch (error) {
    assert.ok(error instanceof TuflineError, String(error));
    assert.deepEqual([error.code, error.kind], ['config-invalid', 'usage']);
    assert.ok(error.message.startsWith(`${FILE}: `) && error.message.endsWith('.'), error.message);
    return error.sentence.slice(FILE.length + 2);
  }
  return assert.fail(`accepted:\n${text}`);
}

void test('an empty configuration has the documented defaults', () => {
  const role = (expiry: number) => ({
    threshold: 1,
    expiry,
    refreshBefore: Math.floor(expiry / 3),
    keys: [],
  });
  for (const text of ['', '{}', '# nothing\n', 'roles: {}\ntemporal: {}\nhash_bins: {}']) {
    assert.deepEqual(parseConfig(text, FILE), {
      file: FILE,
      directory: '/instances/a',
      name: 'tufline',
      postToTufPath: '/instances/a/post-to-tuf',
      inboundPath: '/instances/a/inbound',
      repositoryPath: '/instances/a/repository',
      statePath: '/instances/a/state',
      scanPeriod: 5000,
      maxConcurrentReleases: 1,
      giveUpAfter: HOUR,
      hashBins: { count: 0, style: 'path_hash_prefixes', snapshotEntries: 'full' },
      hashAlgorithms: ['sha256'],
      keyIds: 'spec',
      plainTargetNames: false,
      immutableTargets: [],
      metadataCache: 64 * 1024 * 1024,
      pruneAfter: 30 * 24 * 60 * 60 * 1000,
      roles: {
        root: role(365 * DAY),
        targets: role(90 * DAY),
        bins: role(30 * DAY),
        snapshot: role(7 * DAY),
        timestamp: role(DAY),
      },
      temporal: {},
    });
  }
});

void test('every key is taken over', () => {
  const config = parseConfig(
    `name: acme-1
post_to_tuf_path: /mnt/post
inbound_path: ../shared/in
repository_path: /srv/tuf
state_path: /srv/tuf-state
scan_period: 30s
max_concurrent_releases: 4
give_up_after: 90m
hash_bins: { count: 1024, style: succinct, snapshot_entries: version }
hash_algorithms: [sha512, sha256]
key_ids: php-tuf
plain_target_names: true
immutable_targets: ['**/*.zip']
roles:
  timestamp: { threshold: 2, expiry: 36h, refresh_before: 1h, keys: ['file:a', 'file:b'] }
temporal: { namespace: tuf, profile: prod }
`,
    FILE,
  );
  assert.equal(config.inboundPath, '/instances/shared/in');
  assert.equal(config.repositoryPath, '/srv/tuf');
  assert.deepEqual(config.hashBins, { count: 1024, style: 'succinct', snapshotEntries: 'version' });
  assert.deepEqual(config.roles.timestamp, {
    threshold: 2,
    expiry: 36 * HOUR,
    refreshBefore: HOUR,
    keys: ['file:a', 'file:b'],
  });
  assert.equal(config.roles.targets.expiry, 90 * DAY);
  assert.deepEqual(
    [config.name, config.scanPeriod, config.maxConcurrentReleases, config.giveUpAfter, config.keyIds],
    ['acme-1', 30_000, 4, 90 * 60_000, 'php-tuf'],
  );
  assert.deepEqual([config.hashAlgorithms, config.plainTargetNames], [['sha512', 'sha256'], true]);
  assert.deepEqual(config.temporal, { namespace: 'tuf', profile: 'prod' });
});

void test('nothing is pruned by default that clients may hold on to', () => {
  const roles = 'roles: { snapshot: { expiry: 60d } }';
  assert.equal(parseConfig(roles, FILE).pruneAfter, 60 * DAY);
  assert.equal(parseConfig('prune_after: 7d\nprune_every: 1d', FILE).pruneAfter, 7 * DAY);
  assert.equal(parseConfig('prune_every: 12h', FILE).pruneEvery, 12 * HOUR);
});

void test('what is wrong is said with its line and key, and what was meant', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['scan_perod: 5s', /^line 1: scan_perod is no key that tufline knows\. Did you mean scan_period\?$/],
    ['scanPeriod: 5s', /Did you mean scan_period\?$/],
    ['name: a\nroles:\n  target: {}', /^line 3: roles\.target is no key .*Did you mean targets\?$/],
    [
      'roles:\n  root:\n    keys: []\n    expires: 1d',
      /^line 4: roles\.root\.expires .*Did you mean expiry\?$/,
    ],
    ['zebra: 1', /Known here are name, post_to_tuf_path, /],
    ['temporal: { address: x }', /temporal\.address is no key .*Known here are namespace, profile\.$/],
    ['\n\nscan_period: 5', /^line 3: scan_period: write a duration such as 5s, 12h or 365d\. Correct it;/],
    ['scan_period: 5 s', /scan_period: write a duration/],
    ['scan_period: 0s', /scan_period: .*more than nothing/],
    ['scan_period: 10ms', /scan_period: write at least 1s/],
    ['give_up_after: 99999d', /give_up_after: .*at most 36500d/],
    ['name: 12', /name: write a name, in quotes if it is a number/],
    ["name: 'a b'", /name: use letters/],
    ['max_concurrent_releases: 0', /max_concurrent_releases: /],
    ['max_concurrent_releases: 1.5', /max_concurrent_releases: .*int/],
    ['hash_algorithms: [sha512]', /hash_algorithms: sha256 has to be among them/],
    [
      'hash_algorithms:\n - sha256\n - md5',
      /^line 3: hash_algorithms\.1: expected one of "sha256"\|"sha512"/,
    ],
    ['key_ids: tough', /key_ids: expected one of "spec"\|"php-tuf"/],
    ['immutable_targets: [/a/*]', /immutable_targets\.0: .*match none/],
    [
      'roles: { root: { expiry: 1d, refresh_before: 2d } }',
      /roles\.root\.refresh_before: .*shorter than expiry/,
    ],
    ['roles: { root: { threshold: 2, keys: [a] } }', /roles\.root\.threshold: .*more signatures than/],
    ['roles: { root: { keys: [a, a] } }', /roles\.root\.keys: a key is named twice/],
    ['roles: [1]', /^line 1: roles: expected object/],
    ['\nprune_after: 6d', /^line 2: prune_after: it has to be at least 7 d, the longer one of snapshot and/],
    ['prune_after: 8d\nroles: { timestamp: { expiry: 9d } }', /prune_after: it has to be at least 9 d/],
    ['prune_every: 10s', /prune_every: write at least 1m/],
    ['post_to_tuf_path: ""', /post_to_tuf_path: write a path/],
    ['inbound_path: post-to-tuf', /^line 1: inbound_path: .* and post_to_tuf_path .* are the same, or one/],
    ['state_path: repository/state', /state_path: .* lies inside/],
    ['repository_path: /srv\nstate_path: /srv/../srv/state', /state_path: .* lies inside/],
    ['repository_path: .', /post_to_tuf_path|repository_path/],
    [
      'post_to_tuf_path: /instances\ninbound_path: /i\nrepository_path: /r\nstate_path: /s',
      /holds this configuration/,
    ],
    ['name: a\nname: b', /^line 2: Map keys must be unique\. Correct the YAML/],
    ['name: [', /^line 1: .*Correct the YAML/],
    ['*nothing', /Unresolved alias.*Correct the YAML/],
    ['- a', /the document: expected object/],
    ['just text', /the document: expected object/],
  ];
  for (const [text, says] of cases) assert.match(complaint(text), says, text);
});

void test('an unknown key is named first, as the likely reason of what else is wrong', () => {
  assert.match(complaint('roles: { root: { expiry: 5 } }\nnam: x'), /nam is no key .*Did you mean name\?/);
});

void test('a file that cannot be read is told apart', async (t) => {
  const directory = await temporaryDirectory(t);
  await assert.rejects(loadConfig(join(directory, 'tufline.yaml')), {
    code: 'config-missing',
    kind: 'usage',
    remedy: /tufline init/,
  });
  await assert.rejects(loadConfig(directory), { code: 'config-unreadable', remedy: /tufline\.yaml/ });
  await mkdir(join(directory, 'b'));
  await writeFile(join(directory, 'b', 'c.yaml'), 'name: x\n');
  const config = await loadConfig(join(directory, 'b', 'c.yaml'));
  assert.deepEqual([config.name, config.inboundPath], ['x', join(directory, 'b', 'inbound')]);
});

void test('whatever the text, there is a configuration or one sentence', () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant('5s'));
  const key = fc.oneof(
    fc.constantFrom('name', 'scan_period', 'roles', 'hash_bins', 'hash_algorithms', 'temporal', '__proto__'),
    fc.string(),
  );
  const value = fc.oneof(scalar, fc.array(scalar), fc.dictionary(key, scalar), fc.jsonValue());
  const text = fc.oneof(
    fc.string(),
    fc.dictionary(key, value).map((object) => JSON.stringify(object)),
  );
  fc.assert(
    fc.property(text, (yaml) => {
      try {
        parseConfig(yaml, FILE);
      } catch (error) {
        assert.ok(error instanceof TuflineError && error.kind === 'usage', String(error));
      }
    }),
    { numRuns: 500 },
  );
});
