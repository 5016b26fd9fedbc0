import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { ClaimResult, CommitResult } from '../../src/workflows/messages.js';
import { StepFailed } from './bare/executors.js';
import { audit, BOTH, freshConductor, RELEASE, Template, TIMESTAMP } from './world.js';

test('cleanup deletes nothing that clients do not see yet, whoever asks for it', async (t) => {
  const template = await Template.make();
  t.after(() => template.remove());
  const world = await template.copy();
  const workers = freshConductor(world.config);
  const run = (role: 'monitor' | 'targets' | 'snapshot', name: string, input: object): Promise<unknown> =>
    workers.executor(role).run(name, input);
  const { release } = (await run('monitor', 'claim', { timestamp: TIMESTAMP, max: 1 })) as ClaimResult & {
    state: 'claimed';
  };
  const ref = { timestamp: TIMESTAMP, release };
  const refused = async (): Promise<void> => {
    await assert.rejects(run('monitor', 'cleanup', ref), (error: unknown) => {
      assert.ok(error instanceof StepFailed);
      assert.equal(error.failure.type, 'not-published');
      return true;
    });
    const names = await readdir(join(world.config.postToTufPath, `tuf_processing_${TIMESTAMP}`));
    for (const path of Object.keys(RELEASE)) assert.ok(names.includes(path.split('/')[0] ?? ''), path);
  };
  await refused();
  await run('monitor', 'move', ref);
  await refused();
  const { commit } = (await run('targets', 'targets', ref)) as CommitResult;
  await refused();
  await run('snapshot', 'snapshot', { atLeastCommit: commit });
  await refused();
  await world.releaseAll();
  assert.deepEqual(await audit(world.config, BOTH), []);
});
