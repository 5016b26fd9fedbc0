import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Config } from '../../src/config/index.js';
import {
  openRepository,
  publishedState,
  refreshTargets,
  updateSnapshot,
  updateTimestamp,
  verifyRepository,
} from '../../src/repository/index.js';
import { openSigners } from '../../src/signers/index.js';
import { lifetimeOf } from '../support/lifetime.js';
import * as scenarios from '../support/scenarios.js';
import { temporaryDirectory } from '../support/temporary.js';
import { makeInstance, startTestServer, TestInstance } from '../support/temporal.js';
import { until } from '../support/until.js';

const SECOND = 1000;
type OnlineRole = 'targets' | 'snapshot' | 'timestamp';

test('roles are signed anew without a release', async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  const server = await startTestServer(lifetime, join(directory, 'server'));

  await t.test('an instance that nobody touches stays valid', async () => {
    const made = await makeInstance(lifetime, server, join(directory, 'untouched'), 'untouched');
    const config = withExpiry(made.config, { timestamp: 9 * SECOND });
    await signNow(config);
    const instance = new TestInstance(config, server, lifetime);
    const before = await publishedState(instance.repository);
    await instance.startWorkers(...scenarios.ALL);
    await instance.applySchedule();
    await until('two new timestamps', async () => {
      const { roles } = await publishedState(instance.repository);
      assert.ok(Date.parse(roles.timestamp.expires) > Date.now(), 'never expired');
      return roles.timestamp.version >= before.roles.timestamp.version + 2;
    });
    const { roles, commits } = await publishedState(instance.repository);
    assert.equal(roles.targets.version, before.roles.targets.version, 'only what was due');
    assert.equal(roles.snapshot.version, before.roles.snapshot.version, 'only what was due');
    assert.equal(commits, before.commits);
  });

  await t.test('one that was off until everything expired is valid again after its first scan', async () => {
    const made = await makeInstance(lifetime, server, join(directory, 'off'), 'off');
    await signNow(withExpiry(made.config, { targets: 3 * SECOND, snapshot: 2 * SECOND, timestamp: SECOND }));
    await until('everything to be expired', async () => {
      const findings = await verifyRepository(openRepository(made.config));
      return findings.filter(({ code }) => code === 'expired-metadata').length === 3;
    });
    await made.startWorkers(...scenarios.ALL);
    await made.applySchedule();
    await until(
      'everything to be valid',
      async () => (await verifyRepository(openRepository(made.config))).length === 0,
    );
  });
});

/** The same instance with other expiries, refreshed when a third is left. */
function withExpiry(config: Config, expiries: Partial<Record<OnlineRole, number>>): Config {
  const roles = { ...config.roles };
  for (const role of ['targets', 'snapshot', 'timestamp'] as const) {
    const expiry = expiries[role] ?? roles[role].expiry;
    roles[role] = { ...roles[role], expiry, refreshBefore: expiry / 3 };
  }
  return { ...config, roles };
}

/** Signs every role with the expiries of this configuration, as if all were due. */
async function signNow(config: Config): Promise<void> {
  const always = Number.MAX_SAFE_INTEGER;
  const { root, targets, bins, snapshot, timestamp } = config.roles;
  const repository = openRepository({
    ...config,
    roles: {
      root,
      bins,
      targets: { ...targets, refreshBefore: always },
      snapshot: { ...snapshot, refreshBefore: always },
      timestamp: { ...timestamp, refreshBefore: always },
    },
  });
  const signers = (role: OnlineRole) =>
    openSigners(config.roles[role].keys, { directory: config.directory, environment: {} });
  await refreshTargets(repository, { targets: await signers('targets'), bins: [] });
  await updateSnapshot(repository, await signers('snapshot'), { renew: true });
  await updateTimestamp(repository, await signers('timestamp'), { renew: true });
}
