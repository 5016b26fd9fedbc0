import assert from 'node:assert/strict';
import { chmod, chown, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { TuflineError } from '../../src/errors/index.js';
import { SeenClaims, type Claim } from '../../src/handover/index.js';
import { failsWith } from '../support/failure.js';
import { TestHandover } from '../support/handover.js';
import { temporaryDirectory } from '../support/temporary.js';

test('an earlier directory is claimed first, whichever workflow is faster', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  for (const timestamp of ['9', '10', '11', '12']) await handover.ready(timestamp, { [timestamp]: 'x' });
  const claim = await handover.mustClaim('11', 4);
  assert.deepEqual((await readdir(handover.postToTufPath)).sort(), [
    'tuf_processing_10',
    'tuf_processing_11',
    'tuf_processing_9',
    'tuf_ready_12',
  ]);
  const before = [await handover.mustClaim('9', 4), await handover.mustClaim('10', 4), claim];
  assert.deepEqual(
    before.map(({ files }) => files[0]?.path),
    ['9', '10', '11'],
  );
  const times = before.map(({ claimed_at: at }) => Date.parse(at));
  assert.deepEqual(
    [...times].sort((a, b) => a - b),
    times,
  );
});

test('where there is no room for it, those before it are taken and it waits', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  for (const timestamp of ['1', '2', '3']) await handover.ready(timestamp, { [timestamp]: 'x' });
  const error = await failsWith('waiting', () => handover.claim('3', 2));
  assert.match(error.message, /tuf_ready_3 waits for 1, 2, which are being processed/);
  assert.deepEqual((await readdir(handover.postToTufPath)).sort(), [
    'tuf_processing_1',
    'tuf_processing_2',
    'tuf_ready_3',
  ]);
});

test('a release that shares a path with an earlier one waits until that one is decided', async (t) => {
  for (const decision of ['committed', 'aborted'] as const) {
    const handover = await TestHandover.make(await temporaryDirectory(t));
    await handover.ready('1', { 'vendor/a': 'earlier', b: '' });
    await handover.ready('2', { 'vendor/a': 'later', c: '' });
    await handover.ready('3', { d: 'unrelated' });
    const error = await failsWith('waiting', () => handover.claim('2', 3));
    assert.match(error.message, /The release 2 waits for 1, which is earlier and has "vendor\/a" too/);
    assert.equal((await handover.claim('3', 3)).state, 'claimed', 'others do not wait');
    const first = await handover.mustClaim('1', 3);
    handover.decisions.set(first.release, decision);
    assert.equal((await handover.claim('2', 3)).state, 'claimed');
  }
});

test('what is given back anyway, or was interrupted before its claim, is neither waited for nor overlooked', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'bad' }, (directory) => symlink('/etc/hostname', join(directory, 'link')));
  await handover.ready('2', { a: 'good' });
  await handover.ready('3', { a: 'later' });
  assert.equal((await handover.claim('2', 3)).state, 'claimed', '1 is refused, and holds up nobody');
  await rm(join(handover.path('tuf_processing_2'), 'tufline-claim.json'));
  await failsWith('waiting', () => handover.claim('3', 3));
  assert.equal((await handover.claim('2', 3)).state, 'claimed');
});

test('an earlier directory that cannot be taken is named', async (t) => {
  const directory = await temporaryDirectory(t);
  if (process.getuid?.() === 0) await becomeNobody(t, directory);
  const handover = await TestHandover.make(directory);
  const first = await handover.ready('1', { a: '' });
  await handover.ready('2', { b: '' });
  await chmod(first, 0o500);
  const error = await failsWith('waiting', () => handover.claim('2', 2));
  assert.match(
    error.message,
    /tuf_ready_2 waits for 1, which cannot be taken: (The monitor may not write|Could not create)/,
  );
  // access(2) goes by who began the process: to root in disguise it is refused only after the renaming.
  const [now = ''] = (await readdir(handover.postToTufPath)).filter((name) => name.endsWith('_1'));
  await chmod(join(handover.postToTufPath, now), 0o700);
  assert.equal((await handover.claim('2', 2)).state, 'claimed');
});

test('one that is given back waits for nobody and takes nobody along', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  for (const timestamp of ['1', '2', '3']) await handover.ready(timestamp, { a: timestamp });
  await handover.mustClaim('1', 2);
  const outcome = await handover.claim('3', 2, { regardless: true });
  assert.equal(outcome.state, 'claimed');
  assert.ok((await readdir(handover.postToTufPath)).includes('tuf_ready_2'));
});

test('one at a time: nobody is claimed for others', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: '' });
  await handover.ready('2', { a: '' });
  assert.equal((await handover.claim('2', 1)).state, 'claimed');
  assert.deepEqual((await readdir(handover.postToTufPath)).sort(), ['tuf_processing_2', 'tuf_ready_1']);
});

test('in whatever order workflows run, all get through, and for each path in the order of timestamps', async (t) => {
  const paths = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
  const releases = fc.array(paths, { minLength: 2, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      releases,
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(1000)),
      async (all, max, chance) => {
        const handover = await TestHandover.make(await temporaryDirectory(t));
        const left = new Map(all.map((files, index) => [String(index + 1), files]));
        for (const [timestamp, files] of left)
          await handover.ready(timestamp, Object.fromEntries(files.map((path) => [path, timestamp])));
        const bytes = new Map<string, string>();
        const seen = new SeenClaims();
        /** Claimed, and not committed yet. */
        const going = new Map<string, Claim>();
        for (let turns = 0; left.size > 0; turns++) {
          assert.ok(turns < 1000, 'somebody waits for ever');
          const names = [...left.keys()];
          const timestamp = names[(chance.next().value ?? 0) % names.length] ?? '';
          const claim = going.get(timestamp);
          if (claim) {
            handover.decisions.set(claim.release, 'committed');
            for (const path of left.get(timestamp) ?? []) {
              if (max > 1) assert.ok(Number(bytes.get(path) ?? 0) < Number(timestamp), 'superseded');
              bytes.set(path, timestamp);
            }
            await handover.cleanUp(claim);
            left.delete(timestamp);
            continue;
          }
          try {
            going.set(timestamp, await handover.mustClaim(timestamp, max, { seen }));
          } catch (error) {
            if (!(error instanceof TuflineError) || error.code !== 'waiting') throw error;
            // Its workflow tries again later; the scan has begun those that were claimed on their behalf.
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('an earlier release that is through between two looks is no trouble', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  for (const timestamp of ['1', '2']) await handover.ready(timestamp, { [timestamp]: 'x' });
  await handover.mustClaim('1', 2);
  const seen = new SeenClaims();
  const read = seen.read.bind(seen);
  seen.read = async (directory) => {
    if (directory.endsWith('_1')) await rm(directory, { recursive: true, force: true });
    return read(directory);
  };
  assert.equal((await handover.claim('2', 2, { seen })).state, 'claimed');
});

test('a large claim is read once, and again when it is another one', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: '' });
  const claim = await handover.mustClaim('1');
  const directory = handover.path('tuf_processing_1');
  const seen = new SeenClaims();
  const first = await seen.read(directory);
  assert.deepEqual(first?.claim, claim);
  assert.equal(await seen.read(directory), first);
  await writeFile(join(directory, 'new'), JSON.stringify({ ...claim, release: 'another' }));
  await rename(join(directory, 'new'), join(directory, 'tufline-claim.json'));
  assert.equal((await seen.read(directory))?.claim.release, 'another');
  await rm(directory, { recursive: true });
  assert.equal(await seen.read(directory), undefined);
});

/** Root may write everywhere: until the end of the test this process is somebody else, to whom the directory belongs. */
async function becomeNobody(t: TestContext, directory: string): Promise<void> {
  const nobody = 65534;
  await chown(directory, nobody, nobody);
  process.seteuid?.(nobody);
  t.after(() => process.seteuid?.(0));
}
