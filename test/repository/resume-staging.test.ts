import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { JOURNAL_FILE } from '../../src/files/index.js';
import {
  stageRelease,
  verifyRepository,
  type InboundFile,
  type StagedRelease,
  type StagingProgress,
} from '../../src/repository/index.js';
import { bytesWritten } from '../support/bytes-written.js';
import { pause } from '../support/pause.js';
import { failsWith } from '../support/failure.js';
import {
  commit,
  makeRepository,
  makeVisible,
  type Files,
  type TestRepository,
} from '../support/repository.js';
import { callsOf, SimulatedProcess } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

const MEBIBYTE = 1024 * 1024;
const LARGE = randomBytes(20 * MEBIBYTE + 7);

interface Prepared {
  readonly made: TestRepository;
  readonly inbound: string;
  readonly files: readonly InboundFile[];
  readonly bytes: number;
  readonly stage: (progress?: StagingProgress, link?: boolean) => Promise<StagedRelease>;
}

async function prepare(t: TestContext, contents: Files): Promise<Prepared> {
  const directory = await temporaryDirectory(t);
  const made = await makeRepository(directory, {
    hashAlgorithms: ['sha256', 'sha512'],
    plainTargetNames: true,
  });
  const inbound = join(directory, 'inbound', '1');
  const files: InboundFile[] = [];
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(inbound, path)), { recursive: true });
    await writeFile(join(inbound, path), content);
    const hash = (name: string): string => createHash(name).update(content).digest('hex');
    const hashes = { sha256: hash('sha256'), sha512: hash('sha512') };
    files.push({ path, length: Buffer.byteLength(content), hashes });
  }
  const options = { release: 'one', timestamp: '1', force: false, directory: inbound, files };
  return {
    ...{ made, inbound, files },
    bytes: files.reduce((sum, { length }) => sum + length, 0),
    stage: (progress = {}, link = false) => stageRelease(made.repository, { ...options, link }, progress),
  };
}

function many(count = 300): Files {
  const contents: Record<string, string> = {};
  for (let number = 0; number < count; number++)
    contents[`d${String(number % 5)}/f${String(number)}`] = `content ${String(number)}`;
  return contents;
}

/** Stages until so much is done, and is then cancelled. */
async function interrupt(
  { stage }: Prepared,
  after: { readonly files?: number; readonly bytes?: number },
  link = false,
): Promise<void> {
  const controller = new AbortController();
  let files = 0;
  let bytes = 0;
  const progress: StagingProgress = {
    signal: controller.signal,
    onFile: () => {
      if (++files >= (after.files ?? Infinity)) controller.abort();
    },
    onBytes: (more) => {
      bytes += more;
      if (bytes >= (after.bytes ?? Infinity)) controller.abort();
      if (more >= MEBIBYTE) pause(30);
    },
  };
  await assert.rejects(stage(progress, link), { name: 'AbortError' });
}

/** Stages to the end. @returns what was copied, what was taken up, and what the process has written for it. */
async function goOn({ stage }: Prepared, link = false) {
  const counted = { bytes: 0, adopted: 0 };
  const before = await bytesWritten();
  const staged = await stage(
    { onBytes: (bytes) => (counted.bytes += bytes), onAdopted: (bytes) => (counted.adopted += bytes) },
    link,
  );
  return { ...counted, staged, written: (await bytesWritten()) - before };
}

async function assertPublished({ made, files, inbound }: Prepared, staged: StagedRelease): Promise<void> {
  const contents = await Promise.all(files.map(({ path }) => readFile(join(inbound, path))));
  const record = await commit(made, [staged]);
  await makeVisible(made, record);
  assert.deepEqual(await verifyRepository(made.repository), []);
  for (const [index, { path }] of files.entries()) {
    const published = await readFile(join(made.repository.paths.targets, path));
    assert.ok(published.equals(contents[index] ?? Buffer.alloc(0)), `${path} is what came in`);
  }
}

for (const link of [false, true]) {
  test(`staging goes on with what an interrupted attempt has hashed and ${link ? 'linked' : 'copied'}`, async (t) => {
    const prepared = await prepare(t, many());
    await interrupt(prepared, { files: 150 }, link);
    const { bytes, adopted, staged } = await goOn(prepared, link);
    assert.equal(bytes + adopted, prepared.bytes);
    assert.ok(adopted > 0.4 * prepared.bytes, `${String(adopted)} bytes are taken up`);
    await assertPublished(prepared, staged);
  });
}

test('staging goes on inside a large file', async (t) => {
  const prepared = await prepare(t, { large: LARGE });
  await interrupt(prepared, { bytes: 18 * MEBIBYTE });
  const { bytes, adopted, written, staged } = await goOn(prepared);
  assert.ok(adopted >= 4 * MEBIBYTE, `${String(adopted)} bytes are taken up`);
  assert.equal(bytes + adopted, LARGE.byteLength);
  if (written > 0)
    assert.ok(written < LARGE.byteLength - 3 * MEBIBYTE, `${String(written)} bytes are written`);
  await assertPublished(prepared, staged);
});

test('what was staged before a damaged file was found is taken up when it has been moved again', async (t) => {
  const prepared = await prepare(t, many());
  const path = join(prepared.inbound, 'd4/f299');
  const content = await readFile(path);
  await writeFile(path, 'CONTENT 299');
  await failsWith('inbound-damaged', () => prepared.stage());
  await writeFile(path, content);
  const { adopted, staged } = await goOn(prepared);
  assert.ok(adopted > 0);
  await assertPublished(prepared, staged);
});

test('a staged file that is missing or shorter than its journal says is staged again', async (t) => {
  const prepared = await prepare(t, many());
  await interrupt(prepared, { files: 150 });
  const { staging } = prepared.made.repository.paths;
  const [stage = ''] = await readdir(staging);
  const [, first = '', second = ''] = (await readFile(join(staging, stage, JOURNAL_FILE), 'utf8')).split(
    '\n',
  );
  const placeOf = (line: string): string => {
    const { path, hashes } = JSON.parse(line) as InboundFile;
    const name = `${hashes.sha256 ?? ''}.${path.split('/').pop() ?? ''}`;
    return join(staging, stage, 'targets', dirname(path), name);
  };
  await rm(placeOf(first));
  await truncate(placeOf(second), 2);
  await assertPublished(prepared, (await goOn(prepared)).staged);
});

test('an earlier stage stays as it is: a record may name it', async (t) => {
  const prepared = await prepare(t, { ...many(50), large: LARGE });
  const earlier = await prepared.stage();
  const { bytes, staged } = await goOn(prepared);
  assert.equal(bytes, 0, 'nothing is copied again');
  await assertPublished(prepared, earlier);
  // The late attempt finds that the release is decided.
  const { made } = prepared;
  const record = await commit(made, [staged]);
  assert.equal(record.number, 2);
  assert.deepEqual(await verifyRepository(made.repository), []);
});

test('an attempt that wakes up late, at any change, damages neither the stage of another nor what is published', async (t) => {
  const contents = { a: 'a', 'dir/b': 'b', large: LARGE.subarray(0, 3 * MEBIBYTE) };
  const dry = await prepare(t, contents);
  const calls = await callsOf(() => dry.stage());
  assert.ok(calls.length > 20, 'the calls are seen');
  for (const [index, { name, path }] of calls.entries()) {
    const what = `${String(index + 1)} ${name} ${path.split('/').slice(-2).join('/')}`;
    await t.test(what, async (inner) => {
      const prepared = await prepare(inner, contents);
      const late = new SimulatedProcess({ call: index + 1, when: 'after' });
      await late.run(() => prepared.stage());
      const staged = await prepared.stage();
      if (index % 2 === 0) await assertPublished(prepared, staged);
      const outcome = await late.goOn();
      if (outcome.state === 'failed')
        assert.match((outcome.error as { code?: string }).code ?? '', /^(attempt-taken-over|io-)/);
      await assertPublished(prepared, staged);
    });
  }
});
