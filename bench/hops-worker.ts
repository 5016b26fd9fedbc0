import {
  NativeConnection,
  Worker,
  type NativeConnectionOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import { runStep } from '../src/activities/step.js';
import { WORKER_ROLES } from '../src/config/index.js';
import { installRuntime } from '../src/workers/runtime.js';
import { loadWorkflowBundle } from '../src/workers/workflow-bundle.js';
import { compressionTo, workerOptions } from '../src/workers/worker-options.js';
import {
  taskQueue,
  type MonitorActivities,
  type ReadyDirectory,
  type SnapshotActivities,
  type TargetsActivities,
  type TimestampActivities,
} from '../src/workflows/messages.js';

/**
 * The worker of one role for bench/hops.ts, with steps that do nothing: what is left is what Temporal costs. The
 * monitor keeps its directories in memory. Started as `hops-worker.ts ROLE ADDRESS NAME CONCURRENT OVERRIDES`.
 */
const [roleName, address = '', name = '', concurrent = '1', overrides = '{}'] = process.argv.slice(2);
const role = WORKER_ROLES.find((candidate) => candidate === roleName);
if (role === undefined) throw new Error('usage: hops-worker ROLE ADDRESS NAME CONCURRENT OVERRIDES');

const { connection: connectionOverrides, ...workerOverrides } = JSON.parse(overrides) as Omit<
  Partial<WorkerOptions>,
  'connection'
> & {
  connection?: NativeConnectionOptions;
};
const nothing = <T>(result: T): Promise<T> => runStep({}, () => Promise.resolve(result));
const ready: string[] = [];
const processing = new Set<string>();
let posted = 0;
let done = 0;
let visible = 0;
let scans = 0;

const describe = (timestamp: string): ReadyDirectory => ({
  timestamp,
  files: 2,
  bytes: 2_000_000,
  more: false,
  names: [`packages/vendor/package-${timestamp}.zip`, `packages/vendor/package-${timestamp}.json`],
});

const monitor: Pick<MonitorActivities, 'scan' | 'claim' | 'move' | 'cleanup'> = {
  scan: ({ max }) => {
    scans++;
    return nothing({
      processing: [...processing],
      ready: ready.slice(0, max).map(describe),
      readyCount: ready.length,
    });
  },
  claim: ({ timestamp }) => {
    const index = ready.indexOf(timestamp);
    if (index >= 0) ready.splice(index, 1);
    processing.add(timestamp);
    return nothing({ state: 'claimed', timestamp, release: 'a'.repeat(16), files: 2, bytes: 2_000_000 });
  },
  move: () => nothing({ files: 2, bytes: 2_000_000 }),
  cleanup: ({ timestamp }) => {
    processing.delete(timestamp);
    done++;
    return nothing({ left: 0, names: [] });
  },
};
const targets: Pick<TargetsActivities, 'targets'> = {
  targets: () => nothing({ commit: 1, targetsVersion: 2, targets: 1000, bins: 0 }),
};
const snapshot: Pick<SnapshotActivities, 'snapshot'> = {
  snapshot: () => nothing({ record: 1, snapshotVersion: 2 }),
};
const timestamp: Pick<TimestampActivities, 'timestamp'> = {
  timestamp: () => {
    visible++;
    process.send?.({ visible });
    return nothing({ timestampVersion: 2 });
  },
};
const activities = { monitor, targets, snapshot, timestamp }[role];

process.on('message', (message) => {
  if (typeof message === 'object' && message !== null && 'post' in message) {
    for (let left = Number(message.post); left > 0; left--) ready.push(String(++posted).padStart(8, '0'));
  }
  process.send?.({ done, scans });
});
process.on('disconnect', () => process.exit());

installRuntime();
const connection = await NativeConnection.connect({
  address,
  ...compressionTo(address),
  ...connectionOverrides,
});
const worker = await Worker.create({
  ...workerOptions(role, { maxConcurrentReleases: Number(concurrent) }),
  connection,
  taskQueue: taskQueue(name, role),
  activities,
  ...(role === 'monitor' ? { workflowBundle: await loadWorkflowBundle() } : {}),
  ...workerOverrides,
});
process.once('SIGTERM', () => {
  worker.shutdown();
});
process.send?.({ done, scans });
await worker.run();
await connection.close();
process.exit();
