import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findTemporal } from '../src/server/index.js';
import { refreshWorkflowId } from '../src/workflows/messages.js';
import * as scenarios from '../test/support/scenarios.js';
import { makeInstance, startTestServer, type TestInstance } from '../test/support/temporal.js';
import { until } from '../test/support/until.js';

/**
 * `npm run record:histories`: plays every path that a release can take on an embedded server, and records the
 * histories that the tests replay, with `temporal workflow show` as an operator would (and with tctl, where
 * TCTL_PATH names it).
 */
const HISTORIES = fileURLToPath(new URL('../test/histories', import.meta.url));
const run = promisify(execFile);
const temporal = await findTemporal({ environment: process.env, log: console.error });
const tctl = process.env['TCTL_PATH'];
const ends: (() => Promise<unknown>)[] = [];
const lifetime = { after: (end: () => Promise<unknown>) => ends.push(end) };
const directory = await mkdtemp(join(tmpdir(), 'tufline-histories-'));
lifetime.after(() => rm(directory, { recursive: true, force: true }));

try {
  await mkdir(HISTORIES, { recursive: true });
  const server = await startTestServer(lifetime, join(directory, 'server'));
  const make = (name: string, changes: readonly (readonly [string, string])[] = []): Promise<TestInstance> =>
    makeInstance(lifetime, server, join(directory, name), name, changes);

  const published = await make('published');
  await scenarios.published(published);
  await record(published, 'published-release-1', 'published');
  await record(published, await scanOf(published), 'scan');

  const several = await make('several', [['max_concurrent_releases: 1', 'max_concurrent_releases: 4']]);
  await scenarios.several(several, 12);
  await record(several, await scanOf(several), 'scan-of-several');

  const failed = await make('failed-input');
  await scenarios.failedInput(failed);
  await record(failed, 'failed-input-release-1', 'failed-input');

  const cancelled = await make('cancelled');
  await scenarios.cancelled(cancelled);
  await record(cancelled, 'cancelled-release-1', 'cancelled');

  const tooLate = await make('cancelled-too-late');
  await scenarios.cancelledTooLate(tooLate);
  await record(tooLate, 'cancelled-too-late-release-1', 'cancelled-too-late');

  const retried = await make('retried-step');
  await scenarios.retriedStep(retried);
  await record(retried, 'retried-step-release-1', 'retried-step');

  const other = await startTestServer(lifetime, join(directory, 'other-server'));
  const { instance: resumed } = await scenarios.resumedAfterLoss(await make('resumed'), other);
  await record(resumed, 'resumed-release-1', 'resumed-after-loss');

  const refreshed = await make('refreshed');
  await refreshed.startWorkers(...scenarios.ALL);
  const { workflowId } = await server.client.workflow.start('refresh', {
    workflowId: refreshWorkflowId('refreshed'),
    taskQueue: 'refreshed-monitor',
    args: [
      { name: 'refreshed', scanPeriod: 1000, maxConcurrentReleases: 1, from: 'targets', why: 'expires' },
    ],
  });
  await server.client.workflow.getHandle(workflowId).result();
  await record(refreshed, workflowId, 'refresh');
} finally {
  for (const end of ends.reverse()) await end();
}

/** The scan that started the first release; it has ended. */
async function scanOf(instance: TestInstance): Promise<string> {
  const { raw } = await instance.release('1').describe();
  const workflowId = raw.workflowExecutionInfo?.parentExecution?.workflowId ?? '';
  await until('the scan to end', async () => {
    const { status } = await instance.server.client.workflow.getHandle(workflowId).describe();
    return status.name !== 'RUNNING';
  });
  return workflowId;
}

async function record({ server }: TestInstance, workflowId: string, name: string): Promise<void> {
  const parameters = [
    'workflow',
    'show',
    '--workflow-id',
    workflowId,
    '-o',
    'json',
    '--address',
    server.address,
  ];
  const { stdout } = await run(temporal, parameters, { maxBuffer: 1 << 26 });
  await writeFile(join(HISTORIES, `${name}.json`), withoutStackTraces(stdout));
  console.log(`test/histories/${name}.json`);
  if (tctl === undefined) return;
  const file = join(HISTORIES, `${name}.tctl.json`);
  await run(tctl, [
    '--address',
    server.address,
    'workflow',
    'show',
    '--workflow_id',
    workflowId,
    '--output_filename',
    file,
  ]);
  await writeFile(file, withoutStackTraces(await readFile(file, 'utf8')));
  console.log(`test/histories/${name}.tctl.json`);
}

/** They tell of the machine on which it was recorded, and a replay does not look at them. */
function withoutStackTraces(history: string): string {
  return history.replaceAll(/("stackTrace": )"(?:[^"\\]|\\.)*"/g, '$1""');
}
