/**
 * The worker of one role without Temporal, as a process that can be killed: reads `{name, input}` lines, runs that
 * activity, writes what came of it. Ends when there are no more lines. Started as `launch.cjs ROLE CONFIG`.
 */
import { createInterface } from 'node:readline';
import { ApplicationFailure } from '@temporalio/common';
import { loadConfig, WORKER_ROLES } from '../../../src/config/index.js';
import { TuflineError } from '../../../src/errors/index.js';
import { callDirectlyWithin } from '../../../src/workers/direct-calls.js';
import { activitiesFor } from '../../../src/workers/role-activities.js';
import { runBare, type Activities } from './context.js';
import type { Answer, Failure, Request } from './messages.js';

void main(process.argv.slice(2));

async function main([roleName, configFile]: readonly string[]): Promise<void> {
  const role = WORKER_ROLES.find((candidate) => candidate === roleName);
  if (role === undefined || configFile === undefined) throw new Error('usage: launch.cjs ROLE CONFIG');
  try {
    const config = await loadConfig(configFile);
    await callDirectlyWithin(config);
    const activities = (await activitiesFor(role, config, process.env)) as Activities;
    answer({ state: 'ready' });
    for await (const line of createInterface({ input: process.stdin })) {
      void run(activities, JSON.parse(line) as Request);
    }
  } catch (error) {
    answer({ state: 'refused', failure: failureOf(error) });
  }
}

async function run(activities: Activities, { id, name, input }: Request): Promise<void> {
  try {
    answer({ state: 'done', id, result: await runBare(activities, name, input) });
  } catch (error) {
    answer({ state: 'failed', id, failure: failureOf(error) });
  }
}

function answer(message: Answer): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function failureOf(error: unknown): Failure {
  if (error instanceof ApplicationFailure) {
    return { type: error.type ?? '', message: error.message, isPermanent: error.nonRetryable === true };
  }
  if (error instanceof TuflineError) {
    return { type: error.code, message: error.sentence, isPermanent: error.kind !== 'transient' };
  }
  return {
    type: 'unexpected',
    message: String(error instanceof Error ? error.stack : error),
    isPermanent: false,
  };
}
