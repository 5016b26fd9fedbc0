import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { publishedState, verifyRepository } from '../../src/repository/index.js';
import { startResize } from '../../src/temporal/index.js';
import { failsWith } from '../support/failure.js';
import { lifetimeOf } from '../support/lifetime.js';
import * as scenarios from '../support/scenarios.js';
import { temporaryDirectory } from '../support/temporary.js';
import { makeInstance, startTestServer, TestInstance } from '../support/temporal.js';
import { until } from '../support/until.js';

test('a live repository is spread over other bins', async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  const server = await startTestServer(lifetime, join(directory, 'server'));
  const style = 'path_hash_prefixes';
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, n) => [`vendor/${String(n)}.zip`, String(n)]),
  );
  const begin = ({ config }: TestInstance, count: number) =>
    startResize(server.client, config, { count, style });

  await t.test('while releases go on, and clients see the new bins when it has ended', async () => {
    const instance = await makeInstance(lifetime, server, join(directory, 'live'), 'live');
    await instance.startWorkers(...scenarios.ALL);
    await instance.applySchedule();
    await instance.handOver('1', files);
    assert.equal(await instance.untilEnded('1'), 'COMPLETED');
    await instance.handOver('2', { 'vendor/1.zip': 'two', new: 'new' });
    const running = await begin(instance, 16);
    assert.equal(running.workflowId, 'live-resize');
    const result = await running.result();
    assert.equal(result.state, 'resized');
    assert.equal(await instance.untilEnded('2'), 'COMPLETED');
    const state = await publishedState(instance.repository);
    assert.deepEqual(state.hashBins, { count: 16, style });
    assert.equal(state.targets, 51);
    assert.equal(state.roles.timestamp.version >= result.timestampVersion, true);
    assert.deepEqual(await verifyRepository(instance.repository), []);
    const again = await (await begin(instance, 16)).result();
    assert.equal(again.state, 'there');
    const back = await (await begin(instance, 0)).result();
    assert.equal(back.state, 'resized');
    await instance.handOver('3', { 'vendor/1.zip': 'three' });
    assert.equal(await instance.untilEnded('3'), 'COMPLETED');
    assert.deepEqual(await verifyRepository(instance.repository), []);
  });

  await t.test('one that runs is joined, and another aim is refused meanwhile', async () => {
    const instance = await makeInstance(lifetime, server, join(directory, 'joined'), 'joined');
    await instance.startWorkers('monitor');
    const first = await begin(instance, 4);
    const second = await begin(instance, 4);
    await failsWith('resize-running', () => begin(instance, 8));
    await until('the step to wait for its worker', async () => (await first.step())?.name === 'resize');
    await instance.startWorkers('targets', 'snapshot', 'timestamp');
    const [one, two] = await Promise.all([first.result(), second.result()]);
    assert.deepEqual(one, two);
    assert.deepEqual(await verifyRepository(instance.repository), []);
  });

  await t.test('without the key of the bins it ends at once, with a sentence', async () => {
    const { config } = await makeInstance(lifetime, server, join(directory, 'keyless'), 'keyless');
    const roles = { ...config.roles, bins: { ...config.roles.bins, keys: [] } };
    const instance = new TestInstance({ ...config, roles }, server, lifetime);
    await instance.startWorkers(...scenarios.ALL);
    const running = await begin(instance, 4);
    await assert.rejects(running.result(), (error: unknown) => {
      assert.ok(error instanceof WorkflowFailedError);
      assert.match(String(error.cause), /roles\.bins\.keys is empty.*Name the key of bins/s);
      return true;
    });
    assert.equal((await publishedState(instance.repository)).hashBins, undefined);
  });
});
