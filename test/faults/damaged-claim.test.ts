import assert from 'node:assert/strict';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { CLAIM_FILE, ERROR_FILE } from '../../src/handover/names.js';
import { surveyHandover } from '../../src/handover/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { freshConductor, RELEASE, Template, TIMESTAMP } from './world.js';

const DAMAGE: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'cut in half': (path) => truncate(path, 40),
  empty: (path) => truncate(path, 0),
  'another document': (path) => writeFile(path, '[]'),
};

for (const [how, damage] of Object.entries(DAMAGE)) {
  test(`a claim that is ${how} has its release given back, and stops nobody`, async (t) => {
    const template = await Template.make();
    t.after(() => template.remove());
    const world = await template.copy();
    const { postToTufPath, repositoryPath } = world.config;
    const workers = freshConductor(world.config);
    await workers.executor('monitor').run('claim', { timestamp: TIMESTAMP, max: 1 });
    await damage(join(postToTufPath, `tuf_processing_${TIMESTAMP}`, CLAIM_FILE));
    await world.post('3', { next: 'third' });
    const { entries } = await surveyHandover(postToTufPath);
    assert.equal(entries.length, 2, 'status works');

    await world.releaseAll();
    assert.deepEqual(await readdir(postToTufPath), [`tuf_failed_${TIMESTAMP}`]);
    const failed = join(postToTufPath, `tuf_failed_${TIMESTAMP}`);
    for (const [path, content] of Object.entries(RELEASE)) {
      assert.ok((await readFile(join(failed, path))).equals(Buffer.from(content as Uint8Array)), path);
    }
    assert.match(await readFile(join(failed, ERROR_FILE), 'utf8'), /tufline-foreign-/);
    assert.equal(await readFile(join(repositoryPath, 'targets', 'next'), 'utf8'), 'third');
    assert.deepEqual(await verifyRepository(openRepository(world.config)), []);
  });
}
