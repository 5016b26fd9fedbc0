import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { permanent, usage } from '../errors/index.js';
import { loadWorkflowBundle } from './workflow-bundle.js';
import { installRuntime } from './runtime.js';

export interface Replayed {
  readonly events: number;
  readonly workflowType: string;
}

/**
 * Replays a recorded history against this code: every decision that the workflows make has to be the recorded one.
 *
 * @param document a parsed JSON file of `temporal workflow show -o json` or `tctl workflow show --output_filename`.
 * @throws usage `no-history` where it is none; permanent `replay-differs` where the code decides otherwise.
 */
export async function replayHistory(document: unknown, workflowId: string = randomUUID()): Promise<Replayed> {
  const events = eventsOf(document);
  const workflowType = typeOf(events[0]);
  const workflowBundle = await loadWorkflowBundle();
  // Not before: a runtime that nothing has used keeps the process alive.
  installRuntime();
  try {
    await Worker.runReplayHistory({ workflowBundle }, { events }, workflowId);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof TypeError) throw noHistory(why);
    throw permanent(
      error instanceof DeterminismViolationError ? 'replay-differs' : 'replay-failed',
      `This code does not replay the history of ${workflowType}: ${why.replace(/\.$/, '')}.`,
      'Run the code that recorded it, or guard the change with a patch (docs/operating.md).',
    );
  }
  return { events: events.length, workflowType };
}

function eventsOf(document: unknown): object[] {
  const inner = isRecord(document) && 'history' in document ? document['history'] : document;
  const events = isRecord(inner) ? inner['events'] : inner;
  if (!Array.isArray(events) || events.length === 0 || !events.every(isRecord)) {
    throw noHistory('it has no list of events');
  }
  return events;
}

function typeOf(first: object | undefined): string {
  const attributes = isRecord(first) ? first['workflowExecutionStartedEventAttributes'] : undefined;
  const type = isRecord(attributes) ? attributes['workflowType'] : undefined;
  const name = isRecord(type) ? type['name'] : undefined;
  if (typeof name === 'string') return name;
  throw noHistory('its first event does not start a workflow');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noHistory(why: string) {
  return usage(
    'no-history',
    `This is no history of a workflow: ${why}.`,
    'Record one with: temporal workflow show --workflow-id ID -o json > FILE.',
  );
}
