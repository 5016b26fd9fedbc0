import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ScheduleOverlapPolicy, type Client, type ScheduleHandle } from '@temporalio/client';
import type { WorkerRole } from '../src/config/index.js';
import { scanScheduleId, scanWorkflowId, taskQueue } from '../src/workflows/messages.js';

/** Name of the measured instance, in workflow ids and task queues. */
export const name = 'hops';

/** The schedule of the scan, with its default period. */
export async function createSchedule(client: Client, max: number): Promise<ScheduleHandle> {
  return client.schedule.create({
    scheduleId: scanScheduleId(name),
    spec: { intervals: [{ every: '5 seconds' }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'scan',
      workflowId: scanWorkflowId(name),
      taskQueue: taskQueue(name, 'monitor'),
      args: [{ name, scanPeriod: 5000, maxConcurrentReleases: max }],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP },
  });
}

/** Until no scan runs: the next trigger would be skipped otherwise. */
export async function untilIdle(client: Client): Promise<void> {
  for (;;) {
    const { info } = await client.schedule.getHandle(scanScheduleId(name)).describe();
    const [last] = info.recentActions.slice(-1);
    if (last?.action.type !== 'startWorkflow') return;
    const { status } = await client.workflow.getHandle(last.action.workflow.workflowId).describe();
    if (status.name !== 'RUNNING') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Answer {
  readonly done: number;
  readonly scans: number;
}

/** The process of one role: bench/hops-worker.ts. */
export interface HopsWorker {
  readonly child: ChildProcess;
  readonly tell: (message: object) => void;
  readonly ask: () => Promise<Answer>;
  readonly nextVisible: () => Promise<void>;
  readonly end: () => Promise<unknown>;
}

export interface HopsWorkerOptions {
  readonly address: string;
  readonly concurrent: string;
  /** JSON of options of the SDK's worker. */
  readonly overrides: string;
  /** Flags of Node. */
  readonly flags: readonly string[];
}

export async function startWorker(
  role: WorkerRole,
  { address, concurrent, overrides, flags }: HopsWorkerOptions,
): Promise<HopsWorker> {
  const program = fileURLToPath(new URL('./hops-worker.ts', import.meta.url));
  const child = fork(program, [role, address, name, concurrent, overrides], {
    execArgv: ['--import', 'tsx', ...flags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let answered: ((answer: Answer) => void) | undefined;
  let seen: (() => void) | undefined;
  const nextAnswer = (): Promise<Answer> => new Promise((resolve) => (answered = resolve));
  child.on('message', (message: Answer | { visible: number }) => {
    if ('visible' in message) seen?.();
    else answered?.(message);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await nextAnswer();
  return {
    child,
    tell: (message) => void child.send(message),
    ask: () => {
      const answer = nextAnswer();
      child.send({});
      return answer;
    },
    nextVisible: () => new Promise((resolve) => (seen = resolve)),
    end: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
