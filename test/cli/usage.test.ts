import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { statusOutput } from '../../src/cli/json-outputs.js';
import { validated } from '../support/validated.js';
import { initInstance, tufline } from '../support/command-line.js';
import { temporaryDirectory } from '../support/temporary.js';

const COMMANDS =
  'init dev server worker schedule package post status verify retry cancel bins prune replay'.split(' ');

test('every command explains itself', async (t) => {
  const directory = await temporaryDirectory(t);
  const { stdout } = await tufline(directory, ['--help']);
  for (const command of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'), `the help lists ${command}`);
    const help = await tufline(directory, [command, '--help']);
    assert.equal(help.code, 0, command);
    assert.match(help.stdout, /^Usage: tufline /, command);
  }
});

test('wrong usage exits with 2 and one sentence that says what to do', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const cases: [string[], RegExp][] = [
    [['statsu'], /unknown command.*\n?.*Did you mean status/s],
    [['status', '--wrong'], /unknown option/],
    [['init', 'instance'], /There is an instance|already/],
    [['status', '--config', 'nowhere.yaml'], /There is no configuration at .*tufline init/],
    [['worker', 'boss', '--config', 'instance/tufline.yaml'], /"boss" is no role of a worker/],
    [['post', 'absent.zip', '--config', 'instance/tufline.yaml'], /There is no file absent.zip/],
    [['retry', '1', '--config', 'instance/tufline.yaml'], /no tuf_failed_1/],
    [['cancel', '1', '--config', 'instance/tufline.yaml'], /No release 1 is ready/],
    [['dev', '--port', 'x'], /a port is a number/],
    [['prune', '--older-than', 'long', '--config', 'instance/tufline.yaml'], /"long" is no duration/],
    [
      ['prune', '--older-than', '1d', '--config', 'instance/tufline.yaml'],
      /may only lengthen prune_after, .*30 d/,
    ],
    [['schedule', 'apply', '--config', 'instance/tufline.yaml'], /No Temporal server is known/],
  ];
  for (const [parameters, sentence] of cases) {
    const { code, stderr } = await tufline(directory, parameters);
    assert.equal(code, 2, `${parameters.join(' ')}: ${stderr}`);
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack trace');
  }
  await appendFile(join(instance, 'tufline.yaml'), 'scan_periode: 5s\n');
  const { code, stderr } = await tufline(instance, ['status']);
  assert.equal(code, 2);
  assert.match(stderr, /line \d+: scan_periode is no key.*Did you mean scan_period\?/);
});

test('without a server, status, verify and post work', async (t) => {
  const directory = await temporaryDirectory(t);
  const instance = await initInstance(directory);
  const posted = await tufline(instance, ['post', 'tufline.yaml', '--as', 'a/b.yaml', '--json']);
  assert.equal(posted.code, 0, posted.stderr);
  const status = await tufline(instance, ['status', '--json']);
  assert.equal(status.code, 0, status.stderr);
  const found = validated(statusOutput, status.stdout);
  assert.deepEqual(
    found.handover?.entries.map(({ state }) => state),
    ['ready'],
  );
  assert.equal(found.temporal.reachable, false);
  const check = await tufline(instance, ['status', '--check']);
  assert.equal(check.code, 1, 'a release waits and nobody works');
  const verify = await tufline(instance, ['verify']);
  assert.equal(verify.code, 0, verify.stderr);
  assert.match(verify.stdout, /all good: 0 targets/);
});
