import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { verifyRepository } from '../../src/repository/index.js';
import { pauseSchedule, resumeSchedule, triggerSchedule } from '../../src/temporal/index.js';
import { scanScheduleId, scanWorkflowId } from '../../src/workflows/messages.js';
import { lifetimeOf } from '../support/lifetime.js';
import * as scenarios from '../support/scenarios.js';
import { temporaryDirectory } from '../support/temporary.js';
import { makeInstance, startTestServer, type TestInstance } from '../support/temporal.js';
import { until } from '../support/until.js';

const RELEASES = 12;

test('several releases at once', async (t) => {
  const lifetime = lifetimeOf(t);
  const directory = await temporaryDirectory(lifetime);
  // A scan of a few releases has a long history then.
  const server = await startTestServer(lifetime, join(directory, 'server'), {
    'limit.historyCount.suggestContinueAsNew': 60,
  });
  const make = (name: string): Promise<TestInstance> =>
    makeInstance(lifetime, server, join(directory, name), name, [
      ['max_concurrent_releases: 1', 'max_concurrent_releases: 3'],
      ['immutable_targets: []', 'immutable_targets: []\nplain_target_names: true'],
    ]);

  await t.test('all write one target: the last bytes win, and none is refused', async () => {
    const instance = await make('one-target');
    const statuses = await scenarios.several(instance, RELEASES);
    assert.deepEqual(new Set(statuses), new Set(['COMPLETED']));
    assert.deepEqual(await readdir(instance.config.postToTufPath), []);
    assert.deepEqual(await committed(instance), numbers(RELEASES));
    assert.equal(await readFile(join(instance.repository.paths.targets, 'a.txt'), 'utf8'), String(RELEASES));
    assert.deepEqual(await verifyRepository(instance.repository), []);
  });

  await t.test('a scan goes on as a new run before its history gets long, and loses nobody', async () => {
    const instance = await make('continued');
    await scenarios.several(instance, RELEASES);
    assert.deepEqual(await committed(instance), numbers(RELEASES));
    const runs = await until('a run that was continued to be listed', async () => {
      const found = await scansOf(instance);
      return found.some(({ status }) => status.name === 'CONTINUED_AS_NEW') && found;
    });
    // To the schedule the continued runs are one: it begins no other beside them.
    for (const [index, { startTime }] of runs.entries()) {
      const before = runs[index - 1]?.closeTime;
      assert.ok(before === undefined || startTime >= before, 'two scans at once');
    }
  });

  await t.test('what is posted while others run is taken up before they are all through', async () => {
    const instance = await make('meanwhile');
    await instance.startWorkers('monitor', 'targets', 'timestamp');
    await instance.handOver('5', { five: 'x' });
    await instance.applySchedule();
    await instance.untilPending('5', 'snapshot');
    await instance.handOver('6', { six: 'x' });
    await instance.untilPending('6', 'snapshot');
    // An earlier one too: where it is claimed on behalf of a later one, its own workflow is begun.
    await instance.handOver('1', { one: 'x' });
    await instance.untilPending('1', 'snapshot');
    await instance.startWorkers('snapshot');
    for (const timestamp of ['1', '5', '6'])
      assert.equal(await instance.untilEnded(timestamp), 'COMPLETED', timestamp);
  });

  await t.test('a wake-up is not lost where a scan runs, which may have looked already', async () => {
    const instance = await makeInstance(lifetime, server, join(directory, 'woken'), 'woken', [
      ['scan_period: 1s', 'scan_period: 1h'],
      ['max_concurrent_releases: 1', 'max_concurrent_releases: 3'],
    ]);
    await instance.startWorkers('monitor', 'targets');
    await instance.handOver('1', { one: 'x' });
    await instance.applySchedule();
    await triggerSchedule(server.client, instance.config);
    await instance.untilPending('1', 'snapshot');
    await instance.handOver('2', { two: 'x' });
    await triggerSchedule(server.client, instance.config);
    await instance.untilPending('2', 'snapshot');
  });

  await t.test('a wake-up leaves nothing for after a pause', async () => {
    const instance = await make('woken-paused');
    await instance.startWorkers('monitor', 'targets');
    await instance.handOver('1', { one: 'x' });
    await instance.applySchedule();
    await instance.untilPending('1', 'snapshot');
    await triggerSchedule(server.client, instance.config);
    await pauseSchedule(server.client, instance.config, 'a test');
    await instance.handOver('2', { two: 'x' });
    await untilNoScan(instance);
    assert.ok((await readdir(instance.config.postToTufPath)).includes('tuf_ready_2'));
  });

  await t.test('a pause of the schedule is heeded by the scan that runs', async () => {
    const instance = await make('paused');
    await instance.startWorkers('monitor', 'targets', 'timestamp');
    for (const timestamp of ['1', '2', '3', '4', '5'])
      await instance.handOver(timestamp, { [timestamp]: 'x' });
    await instance.applySchedule();
    for (const timestamp of ['1', '2', '3']) await instance.untilPending(timestamp, 'snapshot');
    await pauseSchedule(server.client, instance.config, 'a test');
    await instance.startWorkers('snapshot');
    for (const timestamp of ['1', '2', '3']) assert.equal(await instance.untilEnded(timestamp), 'COMPLETED');
    await untilNoScan(instance);
    assert.deepEqual((await readdir(instance.config.postToTufPath)).sort(), ['tuf_ready_4', 'tuf_ready_5']);
    await resumeSchedule(server.client, instance.config);
    for (const timestamp of ['4', '5']) assert.equal(await instance.untilEnded(timestamp), 'COMPLETED');
  });
});

/** Waits until no scan runs, and none is to follow. */
async function untilNoScan({ server, config }: TestInstance): Promise<void> {
  const handle = server.client.schedule.getHandle(scanScheduleId(config.name));
  await until('every scan to end', async () => {
    const { info, raw } = await handle.describe();
    return info.runningActions.length === 0 && Number(raw.info?.bufferSize ?? 0) === 0;
  });
}

/** The scans that have ended, in order. */
async function scansOf({ server, config }: TestInstance): Promise<WorkflowExecutionInfo[]> {
  const query = `WorkflowId STARTS_WITH '${scanWorkflowId(config.name)}' AND ExecutionStatus != 'Running'`;
  const found: WorkflowExecutionInfo[] = [];
  for await (const run of server.client.workflow.list({ query })) found.push(run);
  return found.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
}

/** Timestamps in the order of the commits. */
async function committed({ repository }: TestInstance): Promise<string[]> {
  const order: string[] = [];
  for await (const { releases } of repository.commits.from(2))
    order.push(...releases.map(({ timestamp }) => timestamp));
  return order;
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1));
}
