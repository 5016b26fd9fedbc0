import assert from 'node:assert/strict';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { TestHandover } from '../support/handover.js';
import { temporaryDirectory } from '../support/temporary.js';

const MEBIBYTE = 1024 * 1024;
/** Buffers of what is under way, and what a collector of garbage lets lie. */
const ROOM = 120 * MEBIBYTE;

/** The most resident memory that was added while something ran, as far as it was looked at. */
function watchMemory(): { look: () => void; added: () => number } {
  const before = process.memoryUsage.rss();
  let most = before;
  return {
    look: () => {
      most = Math.max(most, process.memoryUsage.rss());
    },
    added: () => most - before,
  };
}

test('memory stays flat over very many files', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  const count = 20_000;
  await handover.ready('1', {}, async (directory) => {
    for (let number = 0; number < count; number++) {
      const within = join(directory, `d${String(number % 20)}`);
      if (number < 20) await mkdir(within);
      await writeFile(join(within, `file-${String(number)}`), String(number));
    }
  });
  const claim = await handover.mustClaim('1');
  const { look, added } = watchMemory();
  let done = 0;
  const { files } = await handover.move(claim, {
    onFile: () => {
      if (++done % 100 === 0) look();
    },
  });
  assert.equal(files.length, count);
  assert.ok(added() < ROOM, `${String(Math.round(added() / MEBIBYTE))} MiB were added`);
});

test('memory stays flat over a large file', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  const size = 512 * MEBIBYTE;
  await handover.ready('1', {}, async (directory) => {
    const handle = await open(join(directory, 'large'), 'wx');
    // Nothing but a hole: it is read as zeros.
    await handle.truncate(size);
    await handle.close();
  });
  const claim = await handover.mustClaim('1');
  const { look, added } = watchMemory();
  await handover.move(claim, { onBytes: look });
  assert.ok(added() < ROOM, `${String(Math.round(added() / MEBIBYTE))} MiB were added`);
});
