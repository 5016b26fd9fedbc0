import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { Config } from '../../src/config/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { applySchedule, deleteSchedule, pauseSchedule, startPrune } from '../../src/temporal/index.js';
import { pruneScheduleId } from '../../src/workflows/messages.js';
import { lifetimeOf } from '../support/lifetime.js';
import * as scenarios from '../support/scenarios.js';
import { temporaryDirectory } from '../support/temporary.js';
import { makeInstance, startTestServer, TestInstance } from '../support/temporal.js';
import { until } from '../support/until.js';

const DAY = 24 * 60 * 60 * 1000;

test('pruning on a real server', async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  const server = await startTestServer(lifetime, join(directory, 'server'));

  await t.test('each role removes what it has superseded, and the next release is published', async () => {
    const made = await makeInstance(lifetime, server, join(directory, 'pruned'), 'pruned');
    let ahead = 0;
    const config = { ...made.config, now: () => new Date(Date.now() + ahead) };
    const instance = new TestInstance(config, server, lifetime);
    await instance.startWorkers(...scenarios.ALL);
    await instance.applySchedule();
    for (const timestamp of ['1', '2', '3']) {
      await instance.handOver(timestamp, { 'a.txt': `bytes ${timestamp}`, 'b.txt': 'same' });
      assert.equal(await instance.untilEnded(timestamp), 'COMPLETED');
    }
    ahead = 40 * DAY;
    await instance.handOver('4', { 'a.txt': 'bytes 4' });
    assert.equal(await instance.untilEnded('4'), 'COMPLETED');
    const { repository } = instance;
    assert.equal((await copies(config)).length, 5);
    const { result, workflowId } = await startPrune(server.client, config, undefined);
    assert.equal(workflowId, 'pruned-prune');
    const { timestamp, snapshot, targets } = await result;
    assert.deepEqual([targets.targets, snapshot.metadata], [2, 3], 'the bytes of 1 and 2 go');
    assert.ok(timestamp.records >= 3 && targets.records >= 3 && targets.metadata >= 3);
    assert.equal((await copies(config)).length, 3);
    await instance.handOver('5', { 'a.txt': 'bytes 1' });
    assert.equal(await instance.untilEnded('5'), 'COMPLETED');
    assert.deepEqual(await verifyRepository(openRepository(config)), []);
    assert.ok((await repository.timestamps.oldest()) >= 4);
  });

  await t.test('a schedule prunes where the configuration asks for it', async () => {
    const { config } = await makeInstance(lifetime, server, join(directory, 'daily'), 'daily');
    const { client } = server;
    const handle = client.schedule.getHandle(pruneScheduleId(config.name));
    const daily: Config = { ...config, pruneEvery: DAY };
    await applySchedule(client, daily);
    assert.equal((await handle.describe()).state.paused, false);
    await pauseSchedule(client, daily, 'test');
    // The server does it when it gets to it.
    await until('the pause', async () => (await handle.describe()).state.paused);
    await applySchedule(client, daily);
    assert.equal((await handle.describe()).state.paused, true, 'a pause stays');
    await applySchedule(client, config);
    await assert.rejects(handle.describe(), 'without prune_every there is none');
    await applySchedule(client, daily);
    await deleteSchedule(client, daily);
    await assert.rejects(handle.describe());
  });
});

async function copies({ repositoryPath }: Config): Promise<string[]> {
  return (await readdir(join(repositoryPath, 'targets'))).filter((name) => /^[0-9a-f]{64}\./.test(name));
}
