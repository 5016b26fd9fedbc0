import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { contextOf, onInstance, type CommonOptions } from '../command.js';

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .summary('replay a recorded or live workflow against this code')
    .description(
      `Replays the history of a workflow against this code, without doing anything: it tells whether this version would decide the
same. Takes a FILE from "temporal workflow show -o json" or "tctl workflow show --output_filename", or the id of a
workflow on the server.`,
    )
    .argument('<FILE|WORKFLOW-ID>', 'recorded history, or id of a workflow');
  onInstance(command, { json: true })
    .addHelpText('after', '\nExample:\n  tufline replay tufline-release-20261124T081407.123Z-4f2a')
    .action(replay);
}

async function replay(subject: string, options: CommonOptions): Promise<void> {
  const { usage } = await import('../../errors/index.js');
  const { output, ...context } = contextOf(options);
  const document = existsSync(subject) ? await fromFile(subject) : await fromServer();
  const { replayHistory } = await import('../../workers/index.js');
  const replayed = await replayHistory(document, existsSync(subject) ? undefined : subject);
  output.result(
    { subject, ...replayed },
    () =>
      `${subject} replays: ${String(replayed.events)} events of a ${replayed.workflowType} workflow, every decision the same.`,
  );

  async function fromFile(path: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as unknown;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw usage(
        'no-history',
        `The file ${path} is no JSON (${why}).`,
        'Record it with: temporal workflow show --workflow-id ID -o json > FILE.',
      );
    }
  }

  async function fromServer(): Promise<unknown> {
    const { connectClient, fetchHistory } = await import('../../temporal/index.js');
    const { client, close } = await connectClient(await context.loadConfig(), context.environment);
    try {
      const history = await fetchHistory(client, subject);
      if (history) return history;
    } finally {
      await close();
    }
    throw usage(
      'no-workflow',
      `There is no file and no workflow ${subject}.`,
      'Give a path, or an id as "tufline status" and the UI show it.',
    );
  }
}
