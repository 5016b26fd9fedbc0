import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { removeTree } from '../../src/files/index.js';
import { walkRelease } from '../../src/handover/walk.js';
import { TestHandover } from '../support/handover.js';
import type { Files } from '../support/repository.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

const MEBIBYTE = 1024 * 1024;
/** What is under way when the cancellation comes: batches that end with their fsyncs. */
const UNDER_WAY = 8 * 32;

/** A signal that is given when it has been looked at so often. */
function abortedAtLook(looks: number): { signal: AbortSignal; looked: () => number } {
  const controller = new AbortController();
  const look = controller.signal.throwIfAborted.bind(controller.signal);
  let looked = 0;
  const signal = Object.assign(controller.signal, {
    throwIfAborted: () => {
      if (++looked >= looks) controller.abort();
      look();
    },
  });
  return { signal, looked: () => looked };
}

function files(count: number, directories = 1): Files {
  const file = (number: number): [string, string] => [
    `d${String(number % directories)}/f${String(number)}`,
    'x',
  ];
  return Object.fromEntries(Array.from({ length: count }, (_, number) => file(number)));
}

test('a cancelled move of many files ends with those that are under way', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', files(2000));
  const claim = await handover.mustClaim('1');
  const controller = new AbortController();
  let done = 0;
  const move = handover.move(claim, {
    signal: controller.signal,
    onFile: () => {
      done++;
      controller.abort();
    },
  });
  await assert.rejects(move, { name: 'AbortError' });
  assert.ok(done <= UNDER_WAY, `${String(done)} files were copied`);
});

test('a cancelled move of a large file ends with the chunk that is under way', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { large: Buffer.alloc(30 * MEBIBYTE) });
  const claim = await handover.mustClaim('1');
  const controller = new AbortController();
  let bytes = 0;
  const move = handover.move(claim, {
    signal: controller.signal,
    onBytes: (more) => {
      bytes += more;
      controller.abort();
    },
  });
  await assert.rejects(move, { name: 'AbortError' });
  assert.ok(bytes <= MEBIBYTE, `${String(bytes)} bytes were copied`);
});

test('a move that is cancelled while directories are fsynced ends with those that are under way', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  const directories = 300;
  await handover.ready('1', files(directories, directories));
  const claim = await handover.mustClaim('1');
  const controller = new AbortController();
  let fsynced = 0;
  const onSynced = (path: string): Promise<void> => {
    if (/\/d\d+$/.test(path)) {
      fsynced++;
      controller.abort();
    }
    return Promise.resolve();
  };
  const simulated = new SimulatedProcess(undefined, { onSynced });
  const outcome = await simulated.run(() => handover.move(claim, { signal: controller.signal }));
  assert.equal(outcome.state === 'failed' && (outcome.error as Error).name, 'AbortError');
  assert.ok(fsynced <= 8, `${String(fsynced)} directories were fsynced`);
});

test('walking and removing look at the signal all the time', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  const ready = await handover.ready('1', files(1000, 3));
  const walk = abortedAtLook(100);
  await assert.rejects(walkRelease(ready, walk.signal), { name: 'AbortError' });
  assert.equal(walk.looked(), 100);

  const tree = join(handover.inboundPath, 'tree');
  await mkdir(tree);
  for (let number = 0; number < 500; number++) await writeFile(join(tree, String(number)), '');
  await assert.rejects(removeTree(tree, abortedAtLook(100).signal), { name: 'AbortError' });
  const left = (await readdir(tree)).length;
  assert.ok(left > 380 && left < 420, `${String(left)} files are left`);
  await removeTree(tree);
  assert.deepEqual(await readdir(handover.inboundPath), []);
});

test('a cancelled cleanup leaves the rest, and the next one removes it', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', files(500));
  const claim = await handover.mustClaim('1');
  handover.decisions.set(claim.release, 'committed');
  await assert.rejects(handover.cleanUp(claim, abortedAtLook(100).signal), { name: 'AbortError' });
  const left = (await readdir(handover.path('tuf_done_1/d0'))).length;
  assert.ok(left > 380 && left < 420, `${String(left)} files are left`);
  await handover.cleanUp(claim);
  assert.deepEqual(await readdir(handover.postToTufPath), []);
});
