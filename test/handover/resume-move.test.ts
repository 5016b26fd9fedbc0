import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TuflineError } from '../../src/errors/index.js';
import { readInbound, type Claim } from '../../src/handover/index.js';
import { JOURNAL_FILE } from '../../src/files/index.js';
import { bytesWritten } from '../support/bytes-written.js';
import { pause } from '../support/pause.js';
import { failsWith } from '../support/failure.js';
import { TestHandover } from '../support/handover.js';
import type { Files } from '../support/repository.js';
import { callsOf, SimulatedProcess, type Call } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

const MEBIBYTE = 1024 * 1024;
const SMALL = 400;
const LARGE = randomBytes(20 * MEBIBYTE + 7);

interface Prepared {
  readonly handover: TestHandover;
  readonly claim: Claim;
  readonly files: Files;
}

async function prepare(t: TestContext, files: Files): Promise<Prepared> {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', files);
  return { handover, claim: await handover.mustClaim('1'), files };
}

function manySmall(count = SMALL): Files {
  const file = (number: number) => [`d${String(number % 7)}/f${String(number)}`, `content ${String(number)}`];
  return Object.fromEntries(Array.from({ length: count }, (_, number) => file(number)) as [string, string][]);
}

/** Moves until so many files or bytes are copied, and is then cancelled. @returns what was copied. */
async function interrupt(
  { handover, claim }: Prepared,
  after: { readonly files?: number; readonly bytes?: number },
): Promise<{ files: number; bytes: number }> {
  const controller = new AbortController();
  const copied = { files: 0, bytes: 0 };
  const look = (): void => {
    if (copied.files >= (after.files ?? Infinity) || copied.bytes >= (after.bytes ?? Infinity))
      controller.abort();
  };
  const move = handover.move(claim, {
    signal: controller.signal,
    onFile: () => {
      copied.files++;
      look();
    },
    onBytes: (bytes) => {
      copied.bytes += bytes;
      look();
      if (bytes >= MEBIBYTE) pause(30);
    },
  });
  await assert.rejects(move, { name: 'AbortError' });
  return copied;
}

/** Moves to the end. @returns bytes copied and taken up, and what the process has written for it. */
async function goOn({ handover, claim }: Prepared) {
  const counted = { bytes: 0, adopted: 0 };
  const before = await bytesWritten();
  await handover.move(claim, {
    onBytes: (bytes) => (counted.bytes += bytes),
    onAdopted: (bytes) => (counted.adopted += bytes),
  });
  return { ...counted, written: (await bytesWritten()) - before };
}

async function attempts({ inboundPath }: TestHandover): Promise<string[]> {
  const names = (await readdir(inboundPath)).filter((name) => name.startsWith('tuf_processing_'));
  return names.map((name) => join(inboundPath, name));
}

async function onlyAttempt(handover: TestHandover): Promise<string> {
  const [attempt, ...others] = await attempts(handover);
  assert.ok(attempt !== undefined && others.length === 0, 'one attempt is left');
  return attempt;
}

async function assertMoved({ handover, claim, files }: Prepared): Promise<void> {
  // Not by another move, which would put right what is wrong.
  const manifest = await readInbound(handover.inboundPath, '1', claim.release);
  assert.deepEqual(manifest.files.map(({ path }) => path).sort(), Object.keys(files).sort());
  for (const [path, content] of Object.entries(files)) {
    const bytes = await readFile(join(handover.inboundPath, '1', path));
    assert.ok(bytes.equals(Buffer.from(content as Uint8Array)), `${path} is what was handed over`);
    const { hashes } = manifest.files.find((file) => file.path === path) ?? {};
    assert.equal(hashes?.sha256, createHash('sha256').update(content).digest('hex'), path);
  }
  handover.decisions.set(claim.release, 'committed');
  await handover.cleanUp(claim);
  assert.deepEqual(await readdir(handover.inboundPath), [], 'no attempt is left');
}

const sizeOf = (files: Files): number =>
  Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);

test('an attempt takes up the files that an interrupted one has copied, and copies the rest only', async (t) => {
  const prepared = await prepare(t, manySmall());
  const { handover, files } = prepared;
  await interrupt(prepared, { files: 200 });
  const attempt = await onlyAttempt(handover);
  const { bytes, adopted } = await goOn(prepared);
  assert.equal(bytes + adopted, sizeOf(files));
  assert.ok(adopted > 0.4 * sizeOf(files), `${String(adopted)} bytes are taken up`);
  let same = 0;
  for (const path of Object.keys(files)) {
    const [before, now] = await Promise.all([
      stat(join(attempt, path)).catch(() => undefined),
      stat(join(handover.inboundPath, '1', path)),
    ]);
    if (before?.ino === now.ino) same++;
  }
  assert.ok(same >= 200, `${String(same)} files are the very same`);
  await assertMoved(prepared);
});

test('an attempt goes on inside a large file', async (t) => {
  const prepared = await prepare(t, { small: 'x', large: LARGE });
  await interrupt(prepared, { bytes: 18 * MEBIBYTE });
  const { adopted, bytes, written } = await goOn(prepared);
  // Checkpoints are at 1, 2, 4, 8 and 16 MiB; the last may not have been through.
  assert.ok(adopted >= 4 * MEBIBYTE, `${String(adopted)} bytes are taken up`);
  assert.equal(bytes + adopted, LARGE.byteLength + 1);
  if (written > 0)
    assert.ok(written < LARGE.byteLength - 3 * MEBIBYTE, `${String(written)} bytes are written`);
  await assertMoved(prepared);
});

test('an attempt goes on after kill -9, again and again', async (t) => {
  const prepared = await prepare(t, { ...manySmall(), large: LARGE });
  const { handover, claim, files } = prepared;
  const program = fileURLToPath(new URL('../support/killed-move.ts', import.meta.url));
  let deaths = 0;
  let last = 0;
  for (; ; deaths++) {
    const limit = String(6 * MEBIBYTE);
    const child = fork(program, [handover.postToTufPath, handover.inboundPath, claim.release, limit], {
      execArgv: ['--import', 'tsx'],
    });
    child.on('message', (adopted: number) => (last = adopted));
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (signal !== 'SIGKILL') {
      assert.equal(code, 0);
      break;
    }
    assert.ok(deaths < 40, 'each attempt gets further');
  }
  assert.ok(deaths >= 2, 'it was killed');
  assert.ok(last > sizeOf(files) / 2, 'the last one had the greater part');
  await assertMoved(prepared);
});

test('of a torn or damaged journal only whole lines count', async (t) => {
  const prepared = await prepare(t, manySmall());
  await interrupt(prepared, { files: 300 });
  const journal = join(await onlyAttempt(prepared.handover), JOURNAL_FILE);
  const text = await readFile(journal, 'utf8');
  // A digest that lost a bit, a block that never reached the disk, and half a line at the end.
  const at = text.indexOf('"sha256":"', 1000) + 10;
  const bytes = Buffer.from(
    `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}{"sum":"0123`,
  );
  bytes.fill(0, 4096, 8192);
  await writeFile(journal, bytes);
  const { adopted } = await goOn(prepared);
  assert.ok(adopted > 0, 'the other lines count');
  await assertMoved(prepared);
});

test('a journal without its first line, or of another release, is none', async (t) => {
  const prepared = await prepare(t, manySmall());
  await interrupt(prepared, { files: 300 });
  const journal = join(await onlyAttempt(prepared.handover), JOURNAL_FILE);
  const text = await readFile(journal, 'utf8');
  await writeFile(journal, text.slice(text.indexOf('\n') + 1));
  const { adopted } = await goOn(prepared);
  assert.equal(adopted, 0);
  await assertMoved(prepared);
});

test('files that the journal names are copied again where they are missing, shorter, or no files', async (t) => {
  const prepared = await prepare(t, manySmall());
  await interrupt(prepared, { files: 300 });
  const attempt = await onlyAttempt(prepared.handover);
  const lines = (await readFile(join(attempt, JOURNAL_FILE), 'utf8')).trim().split('\n').slice(1);
  const [missing, shorter] = lines.map((line) => join(attempt, (JSON.parse(line) as { path: string }).path));
  assert.ok(missing !== undefined && shorter !== undefined);
  await rm(missing);
  await truncate(shorter, 3);
  await goOn(prepared);
  await assertMoved(prepared);
});

test('a part is begun anew where it is shorter than the journal says, or the source reads otherwise now', async (t) => {
  const damages = [
    (part: string) => truncate(part, 1000),
    // As if the disk had read wrong when the part was copied: its digests are of other bytes.
    (part: string) => changeHashes(join(dirname(part), JOURNAL_FILE)),
  ];
  for (const damage of damages) {
    const prepared = await prepare(t, { large: LARGE });
    await interrupt(prepared, { bytes: 18 * MEBIBYTE });
    const attempt = await onlyAttempt(prepared.handover);
    const [part = ''] = (await readdir(attempt)).filter((name) => name.startsWith('.tufline-tmp-part-'));
    await damage(join(attempt, part));
    const { bytes } = await goOn(prepared);
    assert.equal(bytes, LARGE.byteLength, 'all of it is copied');
    await assertMoved(prepared);
  }
});

/** Whole lines (docs/hand-over.md) with digests that nothing has. */
async function changeHashes(journal: string): Promise<void> {
  const text = await readFile(journal, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => {
      const rest = line
        .slice('{"sum":"0123456789abcdef",'.length)
        .replace(/"[0-9a-f]{64}"/, `"${'0'.repeat(64)}"`);
      return `{"sum":"${createHash('sha256').update(rest).digest('hex').slice(0, 16)}",${rest}\n`;
    });
  await writeFile(journal, lines.join(''));
}

test('a source that changed between two attempts is refused', async (t) => {
  for (const size of [0, 20]) {
    const prepared = await prepare(t, { ...manySmall(), large: LARGE });
    const { handover, claim } = prepared;
    await interrupt(prepared, { bytes: size === 0 ? 10_000 : size * MEBIBYTE });
    const path = size === 0 ? 'd0/f0' : 'large';
    await appendFile(join(handover.path('tuf_processing_1'), path), 'more');
    const error = await failsWith('changed-while-read', () => handover.move(claim));
    assert.equal(error.kind, 'permanent');
    handover.decisions.set(claim.release, 'aborted');
    await handover.putBack(claim);
    assert.deepEqual(await readdir(handover.inboundPath), []);
  }
});

/** All kinds of files, with a part that is noted twice. */
const MIXED: Files = { a: 'a', 'dir/b': 'b', 'dir/empty': '', large: LARGE.subarray(0, 3 * MEBIBYTE) };

async function eachCall(
  t: TestContext,
  run: (prepared: Prepared, call: number, when: 'half' | 'after') => Promise<void>,
): Promise<void> {
  const dry = await prepare(t, MIXED);
  const calls: readonly Call[] = await callsOf(() => dry.handover.move(dry.claim));
  assert.ok(calls.length > 20, 'the calls are seen');
  for (const [index, { name, path }] of calls.entries()) {
    for (const when of name === 'write' ? (['half', 'after'] as const) : (['after'] as const)) {
      const where = path.split('/').slice(-2).join('/');
      await t.test(`${when} ${String(index + 1)} ${name} ${where}`, async (inner) => {
        await run(await prepare(inner, MIXED), index + 1, when);
      });
    }
  }
}

test('killed at any change, a move is brought to its end by the next attempt', async (t) => {
  await eachCall(t, async (prepared, call, when) => {
    const killed = new SimulatedProcess({ call, when });
    await killed.run(() => prepared.handover.move(prepared.claim));
    await killed.abandon();
    await prepared.handover.move(prepared.claim);
    await assertMoved(prepared);
  });
});

test('an older attempt that wakes up late, at any change, withdraws, and nothing is damaged', async (t) => {
  await eachCall(t, async (prepared, call, when) => {
    if (when === 'half') return;
    const { handover, claim } = prepared;
    const late = new SimulatedProcess({ call, when });
    await late.run(() => handover.move(claim));
    const manifest = await handover.move(claim);
    const outcome = await late.goOn();
    if (outcome.state === 'failed') {
      const { error } = outcome;
      assert.match((error as { code?: string }).code ?? String(error), /^(attempt-taken-over|io-)/);
    } else assert.deepEqual(outcome.state === 'done' && outcome.value, manifest);
    await assertMoved(prepared);
  });
});

test('an older attempt that gets through before the one that took its part away installs nothing that is not whole', async (t) => {
  const isPart = ({ name, path }: Call): boolean => name === 'write' && path.includes('.tufline-tmp-part-');
  const dry = await prepare(t, MIXED);
  const calls = await callsOf(() => dry.handover.move(dry.claim));
  // When the last checkpoint is noted: nothing but the rename of the part can tell the older one any more.
  const lastPart = calls.length - [...calls].reverse().findIndex(isPart);
  const noted = calls.slice(lastPart).findIndex(({ path }) => path.endsWith(JOURNAL_FILE));
  const first = { call: lastPart + noted + 1, when: 'after' } as const;
  const begun = await prepare(t, MIXED);
  await new SimulatedProcess(first).run(() => begun.handover.move(begun.claim));
  const others = await callsOf(() => begun.handover.move(begun.claim));
  for (const [index, { name, path }] of others.entries()) {
    await t.test(`${String(index + 1)} ${name} ${path.split('/').slice(-2).join('/')}`, async (inner) => {
      const prepared = await prepare(inner, MIXED);
      const { handover, claim } = prepared;
      const older = new SimulatedProcess(first);
      await older.run(() => handover.move(claim));
      const newer = new SimulatedProcess({ call: index + 1, when: 'after' });
      await newer.run(() => handover.move(claim));
      const ends = [await older.goOn(), await newer.goOn()];
      if (ends.every(({ state }) => state === 'failed')) await handover.move(claim);
      await assertMoved(prepared);
    });
  }
});

test('two attempts that both go on with a third one end in the same copy', async (t) => {
  const prepared = await prepare(t, { ...manySmall(), large: LARGE });
  const { handover, claim } = prepared;
  await interrupt(prepared, { bytes: 18 * MEBIBYTE });
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => handover.move(claim)));
  const ends = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'moved' : (outcome.reason as TuflineError).code,
  );
  assert.ok(ends.includes('moved'), ends.join());
  for (const end of ends) assert.match(end, /^(moved|attempt-taken-over)$/);
  await assertMoved(prepared);
});

test('a copy that is damaged after it was moved is made again from what was handed over', async (t) => {
  const prepared = await prepare(t, { ...manySmall(20), large: LARGE });
  const { handover, claim } = prepared;
  // An attempt that was interrupted shares its files with the copy.
  await interrupt(prepared, { bytes: 18 * MEBIBYTE });
  await handover.move(claim);
  await writeFile(join(handover.inboundPath, '1', 'd0/f0'), 'CONTENT 0');
  await handover.move(claim);
  await assertMoved(prepared);
});

test('a late cleanup leaves the copy alone that is being made for another release of the timestamp', async (t) => {
  const prepared = await prepare(t, { a: 'first' });
  const { handover, claim: first } = prepared;
  await handover.cleanUp(first);
  await handover.ready('1', manySmall());
  const second = { ...prepared, claim: await handover.mustClaim('1'), files: manySmall() };
  await interrupt(second, { files: 100 });
  await handover.cleanUp(first);
  assert.ok((await goOn(second)).adopted > 0);
  await assertMoved(second);
});
