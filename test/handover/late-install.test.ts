import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { removeInbound } from '../../src/handover/cleanup.js';
import { attemptDirectory, inboundDirectory, type Manifest } from '../../src/handover/inbound.js';
import { installCopy } from '../../src/handover/install-copy.js';
import { callsOf, SimulatedProcess } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

const RELEASE = '0123456789abcdef';
const FILES = ['a', 'new/b', 'vendor/name/c'];

/** A finished copy that its maker has not installed yet. */
async function makeCopy(inboundPath: string): Promise<{ attempt: string; manifest: Manifest }> {
  const attempt = attemptDirectory(inboundPath, '2');
  for (const path of FILES) {
    await mkdir(dirname(join(attempt, path)), { recursive: true });
    await writeFile(join(attempt, path), path);
  }
  const files = FILES.map((path) => ({ path, length: path.length, hashes: {} }));
  const manifest: Manifest = { format: 1, release: RELEASE, timestamp: '2', force: false, files };
  await writeFile(join(attempt, 'tufline-manifest.json'), JSON.stringify(manifest));
  return { attempt, manifest };
}

test('whoever installs a copy late, at any change of its removal, leaves nothing that stays', async (t) => {
  const inboundPath = await temporaryDirectory(t);
  const decided = { postToTufPath: inboundPath, inboundPath, timestamp: '2', release: RELEASE };
  const remove = () => removeInbound(decided);
  await makeCopy(inboundPath);
  const calls = await callsOf(remove);
  assert.ok(calls.length > FILES.length, 'the copy is found and removed');
  for (const [index] of calls.entries()) {
    const { attempt, manifest } = await makeCopy(inboundPath);
    const cleaner = new SimulatedProcess({ call: index + 1, when: 'after' });
    await cleaner.run(remove);
    await installCopy(attempt, inboundDirectory(inboundPath, '2'), manifest, () =>
      Promise.resolve('committed'),
    ).catch(() => undefined);
    await cleaner.goOn();
    // As the late one's own cleanup does.
    await remove();
    assert.deepEqual(await readdir(inboundPath), [], `after call ${String(index + 1)}`);
  }
});
