import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestInstance, TestServer } from './temporal.js';

/** Every path that a release can take, for the tests that look at it and for the histories that are replayed. */
export const ALL = ['monitor', 'targets', 'snapshot', 'timestamp'] as const;

export async function published(instance: TestInstance): Promise<string> {
  await instance.startWorkers(...ALL);
  await instance.handOver('1', { 'a.txt': 'one', 'vendor/b.zip': 'two' });
  await instance.applySchedule();
  return instance.untilEnded('1');
}

/** Several at once, which all write one target: the instance allows more than one. @returns their statuses. */
export async function several(instance: TestInstance, releases: number): Promise<string[]> {
  const timestamps = Array.from({ length: releases }, (_, index) => String(index + 1));
  for (const timestamp of timestamps)
    await instance.handOver(timestamp, { 'a.txt': timestamp, [`own/${timestamp}`]: 'x' });
  await instance.startWorkers(...ALL);
  await instance.applySchedule();
  return Promise.all(timestamps.map((timestamp) => instance.untilEnded(timestamp)));
}

export async function failedInput(instance: TestInstance): Promise<string> {
  await instance.startWorkers(...ALL);
  await instance.handOver('1', { 'good.txt': 'good' }, (directory) =>
    symlink('/etc/hostname', join(directory, 'link')),
  );
  await instance.applySchedule();
  return instance.untilEnded('1');
}

/** Cancelled while it waits for the targets worker, before the commit. */
export async function cancelled(instance: TestInstance): Promise<string> {
  await instance.startWorkers('monitor');
  await instance.handOver('1', { 'a.txt': 'one' });
  await instance.applySchedule();
  await instance.untilPending('1', 'targets');
  await instance.release('1').cancel();
  await instance.startWorkers('targets', 'snapshot', 'timestamp');
  return instance.untilEnded('1');
}

/** Cancelled while it waits for the snapshot worker, after the commit. */
export async function cancelledTooLate(instance: TestInstance): Promise<string> {
  await instance.startWorkers('monitor', 'targets');
  await instance.handOver('1', { 'a.txt': 'one' });
  await instance.applySchedule();
  await instance.untilPending('1', 'snapshot');
  await instance.release('1').cancel();
  await instance.startWorkers('snapshot', 'timestamp');
  return instance.untilEnded('1');
}

/** A step that fails as long as its directory is away. @returns the failure that was seen, and the status. */
export async function retriedStep(
  instance: TestInstance,
): Promise<{ failure: string | undefined; status: string }> {
  const { snapshot } = instance.repository.paths;
  await instance.startWorkers(...ALL);
  await rename(snapshot, `${snapshot}.away`);
  await instance.handOver('1', { 'a.txt': 'one' });
  await instance.applySchedule();
  const failure = await instance.untilPending('1', 'snapshot', 2);
  await rename(`${snapshot}.away`, snapshot);
  return { failure, status: await instance.untilEnded('1') };
}

/** The Temporal database is lost after the commit: another server goes on. @returns the instance on it. */
export async function resumedAfterLoss(
  instance: TestInstance,
  other: TestServer,
): Promise<{ instance: TestInstance; status: string }> {
  await instance.startWorkers('monitor', 'targets');
  await instance.handOver('1', { 'a.txt': 'one' });
  await instance.applySchedule();
  await instance.untilPending('1', 'snapshot');
  await instance.stopWorkers('monitor', 'targets');
  const resumed = instance.onServer(other);
  await resumed.startWorkers(...ALL);
  await resumed.applySchedule();
  return { instance: resumed, status: await resumed.untilEnded('1') };
}
