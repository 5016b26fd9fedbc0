import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { WORKER_ROLES, type Config, type WorkerRole } from '../config/index.js';
import { taskQueue } from '../workflows/messages.js';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** How many workers of a role have asked for work in the last minutes. */
export interface Pollers {
  readonly role: WorkerRole;
  readonly workers: number;
}

/** Which roles have workers. */
export async function describePollers(client: Client, config: Config): Promise<Pollers[]> {
  return Promise.all(
    WORKER_ROLES.map(async (role) => {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: taskQueue(config.name, role) },
        taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      });
      const identities = new Set(pollers.map(({ identity }) => identity));
      return { role, workers: identities.size };
    }),
  );
}
