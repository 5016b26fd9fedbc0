import type { Config } from '../config/index.js';
import { TuflineError } from '../errors/index.js';
import {
  connectClient,
  describePollers,
  describeRelease,
  describeSchedule,
  type Environment,
  type Pollers,
  type ReleaseDescription,
} from '../temporal/index.js';
import { releaseWorkflowId } from '../workflows/messages.js';

export type TemporalStatus =
  | { readonly reachable: false; readonly problem: string }
  | {
      readonly reachable: true;
      readonly address: string;
      readonly namespace: string;
      readonly ui?: string;
      readonly schedule?: { readonly paused: boolean; readonly note: string; readonly next?: string };
      readonly workers: readonly Pollers[];
      readonly running: readonly (ReleaseDescription & { readonly timestamp: string })[];
    };

const AT_MOST = 20;

/** What Temporal says of the instance; that it does not answer is a state like any other. */
export async function collectTemporal(config: Config, environment: Environment): Promise<TemporalStatus> {
  let connected;
  try {
    connected = await connectClient(config, environment);
  } catch (error) {
    if (!(error instanceof TuflineError)) throw error;
    return { reachable: false, problem: error.message };
  }
  const { client, target, close } = connected;
  try {
    const schedule = await describeSchedule(client, config);
    const next = schedule?.info.nextActionTimes[0]?.toISOString();
    const running: (ReleaseDescription & { timestamp: string })[] = [];
    const prefix = releaseWorkflowId(config.name, '');
    const query = `WorkflowType = 'release' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
    for await (const { workflowId } of client.workflow.list({ query, pageSize: AT_MOST })) {
      const timestamp = workflowId.slice(prefix.length);
      const release = await describeRelease(client, config, timestamp);
      if (release) running.push({ ...release, timestamp });
      if (running.length >= AT_MOST) break;
    }
    return {
      reachable: true,
      address: target.address,
      namespace: target.namespace,
      ...(target.ui === undefined ? {} : { ui: target.ui }),
      ...(schedule
        ? {
            schedule: {
              paused: schedule.state.paused,
              note: schedule.state.note ?? '',
              ...(next === undefined ? {} : { next }),
            },
          }
        : {}),
      workers: await describePollers(client, config),
      running,
    };
  } catch (error) {
    return {
      reachable: false,
      problem: `Temporal at ${target.address} answers with an error: ${error instanceof Error ? error.message : String(error)}.`,
    };
  } finally {
    await close();
  }
}
