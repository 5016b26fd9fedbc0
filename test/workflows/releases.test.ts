import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Client, WorkflowFailedError } from '@temporalio/client';
import { verifyRepository } from '../../src/repository/index.js';
import { cancelRelease, queryRelease } from '../../src/temporal/index.js';
import { FAILURE, STATE, TARGETS, TIMESTAMP_VERSION } from '../../src/workflows/search-attributes.js';
import { lifetimeOf } from '../support/lifetime.js';
import * as scenarios from '../support/scenarios.js';
import { temporaryDirectory } from '../support/temporary.js';
import { makeInstance, startTestServer, type TestInstance } from '../support/temporal.js';
import { until } from '../support/until.js';

test('releases on a real server', async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  const server = await startTestServer(lifetime, join(directory, 'server'));
  const make = (name: string): Promise<TestInstance> =>
    makeInstance(lifetime, server, join(directory, name), name);

  await t.test('a release is published, and tells its story', async () => {
    const instance = await make('published');
    assert.equal(await scenarios.published(instance), 'COMPLETED');
    const description = await instance.release('1').describe();
    assert.equal(description.typedSearchAttributes.get(STATE), 'published');
    assert.equal(description.typedSearchAttributes.get(TARGETS), 2);
    assert.equal(description.typedSearchAttributes.get(TIMESTAMP_VERSION), 2);
    assert.equal(description.memo?.['timestamp'], '1');
    assert.match((await description.staticSummary()) ?? '', /^2 files, 6 B: a\.txt, vendor\/b\.zip$/);
    const { state, steps } = await queryRelease(server.client, instance.config, '1');
    assert.equal(state, 'published');
    assert.deepEqual(
      steps.map(({ step }) => step),
      ['claim', 'move', 'targets', 'snapshot', 'timestamp', 'cleanup'],
    );
    assert.deepEqual(await readdir(instance.config.postToTufPath), []);
    assert.deepEqual(await readdir(instance.config.inboundPath), []);
    assert.deepEqual(await verifyRepository(instance.repository), []);
    const history = await instance.release('1').fetchHistory();
    const scheduled =
      history.events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []) ?? [];
    assert.deepEqual(
      scheduled.map(({ activityId }) => activityId),
      steps.map(({ step }) => step),
    );
    assert.deepEqual(
      scheduled.map(({ taskQueue }) => taskQueue?.name),
      ['monitor', 'monitor', 'targets', 'snapshot', 'timestamp', 'monitor'].map(
        (role) => `published-${role}`,
      ),
    );
    const userMetadata = history.events?.filter(({ activityTaskScheduledEventAttributes: is }) => is) ?? [];
    assert.ok(
      userMetadata.every((event) => event.userMetadata?.summary),
      'every step has a summary',
    );
  });

  await t.test('bad input fails with one sentence everywhere, and the next directory goes on', async () => {
    const instance = await make('failed-input');
    await instance.handOver('2', { 'next.txt': 'next' });
    assert.equal(await scenarios.failedInput(instance), 'FAILED');
    const error: unknown = await instance
      .release('1')
      .result()
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof WorkflowFailedError);
    const written = JSON.parse(
      await readFile(join(instance.config.postToTufPath, 'tuf_failed_1', 'tufline-error.json'), 'utf8'),
    ) as { code: string; message: string; remedy: string };
    assert.equal(error.cause?.message, `${written.message} ${written.remedy}`);
    assert.equal(written.code, 'symbolic-link');
    const { typedSearchAttributes } = await instance.release('1').describe();
    assert.equal(typedSearchAttributes.get(FAILURE), 'symbolic-link');
    assert.equal(typedSearchAttributes.get(STATE), 'failed');
    assert.equal(await instance.untilEnded('2'), 'COMPLETED');
    assert.deepEqual(await readdir(instance.config.postToTufPath), ['tuf_failed_1']);
  });

  await t.test('ready directories are released oldest first, without waiting for the next tick', async () => {
    const instance = await make('in-order');
    for (const timestamp of ['10', '9', '2026', 'b', '100'])
      await instance.handOver(timestamp, { [`${timestamp}.txt`]: 'x' });
    await instance.startWorkers(...scenarios.ALL);
    await instance.applySchedule();
    await until(
      'all to be published',
      async () => (await readdir(instance.config.postToTufPath)).length === 0,
    );
    const order: string[] = [];
    for await (const { releases } of instance.repository.commits.from(2))
      order.push(...releases.map((entry) => entry.timestamp));
    assert.deepEqual(order, ['9', '10', '100', '2026', 'b']);
    const scans = new Set<string>();
    for (const timestamp of order) {
      const { raw } = await instance.release(timestamp).describe();
      scans.add(raw.workflowExecutionInfo?.parentExecution?.workflowId ?? '');
    }
    assert.ok(scans.size < order.length, 'one scan has started several');
  });

  await t.test('cancelled before the commit: the files are put back', async () => {
    const instance = await make('cancelled');
    assert.equal(await scenarios.cancelled(instance), 'CANCELLED');
    const failed = join(instance.config.postToTufPath, 'tuf_failed_1');
    assert.equal(await readFile(join(failed, 'a.txt'), 'utf8'), 'one');
    assert.match(await readFile(join(failed, 'tufline-error.json'), 'utf8'), /"code": "cancelled"/);
    assert.equal((await instance.repository.commits.latest())?.kind, 'abort');
    assert.deepEqual(await verifyRepository(instance.repository), []);
  });

  await t.test(
    'cancelled before it began: nothing of it is published, however late the request',
    async () => {
      const instance = await make('not-begun');
      await instance.startWorkers(...scenarios.ALL);
      await instance.handOver('1', { 'a.txt': 'one' });
      const { connection } = server.client;
      const lost = new Client({
        connection,
        interceptors: { workflow: [{ cancel: () => Promise.reject(new Error('lost')) }] },
      });
      await assert.rejects(cancelRelease(lost, instance.config, '1'), /lost/);
      assert.equal(await instance.untilEnded('1'), 'FAILED');
      assert.deepEqual(await readdir(instance.config.postToTufPath), ['tuf_failed_1']);
      assert.equal((await instance.repository.commits.latest())?.kind, 'abort');
    },
  );

  await t.test('cancelled after the commit: it rolls forward', async () => {
    const instance = await make('too-late');
    assert.equal(await scenarios.cancelledTooLate(instance), 'COMPLETED');
    assert.deepEqual(await readdir(instance.config.postToTufPath), []);
    assert.deepEqual(await verifyRepository(instance.repository), []);
  });

  await t.test('terminated: the next scan goes on with it', async () => {
    const instance = await make('terminated');
    await instance.startWorkers('monitor', 'targets');
    await instance.handOver('1', { 'a.txt': 'one' });
    await instance.applySchedule();
    await instance.untilPending('1', 'snapshot');
    const first = (await instance.release('1').describe()).runId;
    await instance.release('1').terminate('a test');
    await instance.startWorkers('snapshot', 'timestamp');
    await until('another run to end', async () => {
      const { runId, status } = await instance.release('1').describe();
      return runId !== first && status.name === 'COMPLETED';
    });
    assert.equal((await instance.repository.commits.latest())?.number, 2, 'committed once');
    assert.deepEqual(await readdir(instance.config.postToTufPath), []);
  });

  await t.test(
    'transient trouble is tried again, readable as such, and nothing is committed twice',
    async () => {
      const instance = await make('retried-step');
      const { failure, status } = await scenarios.retriedStep(instance);
      assert.match(
        failure ?? '',
        /There are no records at .*snapshot\. Check that the state directory is mounted/,
      );
      assert.equal(status, 'COMPLETED');
      assert.equal((await instance.repository.commits.latest())?.number, 2);
      assert.deepEqual(await verifyRepository(instance.repository), []);
    },
  );

  await t.test('the Temporal database is lost: another server finishes the release', async () => {
    const other = await startTestServer(lifetime, join(directory, 'other-server'));
    const { instance, status } = await scenarios.resumedAfterLoss(await make('lost'), other);
    assert.equal(status, 'COMPLETED');
    assert.equal((await instance.repository.commits.latest())?.number, 2, 'committed once');
    assert.deepEqual(await readdir(instance.config.postToTufPath), []);
    assert.deepEqual(await verifyRepository(instance.repository), []);
  });
});
