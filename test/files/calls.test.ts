import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { mkdir as makeByTrip, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import {
  callDirectlyBelow,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
} from '../../src/files/index.js';
import type { Lifetime } from '../support/lifetime.js';
import { SimulatedProcess } from '../support/simulated-process.js';
import { temporaryDirectory } from '../support/temporary.js';

async function directDirectory(t: Lifetime): Promise<string> {
  const directory = await temporaryDirectory(t);
  await callDirectlyBelow([directory]);
  return directory;
}

/** Trips to other threads that change something: a simulated process is in the way of each. */
async function tripsOf(work: () => Promise<unknown>): Promise<number> {
  const simulated = new SimulatedProcess();
  await simulated.run(work);
  return simulated.calls.length;
}

/** Everything that can be called, well and badly. @returns what came of each, without the directory's own name. */
async function callAll(directory: string): Promise<unknown[]> {
  const at = (name: string) => join(directory, name);
  const content = Buffer.from('content');
  const calls: readonly (() => Promise<unknown>)[] = [
    () => mkdir(at('a')),
    () => mkdir(at('a')),
    () => mkdir(at('missing/a')),
    async () => {
      const file = await open(at('a/file'), 'wx', 0o640);
      const { bytesWritten } = await file.write(content, 0, content.length, null);
      await file.sync();
      await file.datasync();
      await file.close();
      return bytesWritten;
    },
    () => open(at('a/file'), 'wx'),
    () => open(at('a/missing')),
    async () => {
      const file = await open(at('a/file'));
      const buffer = Buffer.alloc(100);
      const { bytesRead } = await file.read(buffer, 0, 100, 3);
      const { size, mode } = await file.stat();
      const { size: large } = await file.stat({ bigint: true });
      await file.close();
      return [buffer.toString('utf8', 0, bytesRead), size, mode, large];
    },
    () => link(at('a/file'), at('a/other')),
    () => link(at('a/file'), at('a/other')),
    async () => (await readdir(at('a'))).sort(),
    async () => (await readdir(at('a'), { withFileTypes: true })).map((entry) => entry.isFile()),
    () => readdir(at('a/file')),
    async () => (await lstat(at('a/file'), { bigint: true })).nlink,
    async () => (await stat(at('a/file'))).nlink,
    () => stat(at('a/missing')),
    () => rename(at('a/file'), at('a/other-name')),
    () => rename(at('a/file'), at('a/other-name')),
    () => rmdir(at('a')),
    () => unlink(at('a/other-name')),
    () => unlink(at('a/other')),
    () => unlink(at('a/other')),
    () => rmdir(at('a')),
    () => rmdir(at('a')),
  ];
  const outcomes: unknown[] = [];
  for (const call of calls) {
    const outcome = await call().then(
      (value): unknown => value,
      (error: unknown): unknown => {
        assert.ok(error instanceof Error);
        const { code, errno, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
        return {
          code,
          errno,
          syscall,
          path: path?.replace(directory, ''),
          dest: dest?.replace(directory, ''),
        };
      },
    );
    outcomes.push(outcome instanceof Object && 'fd' in outcome ? 'open' : outcome);
  }
  return outcomes;
}

test('calls that are made directly give what trips to another thread give', async (t) => {
  const [direct, tripping] = [await directDirectory(t), await temporaryDirectory(t)];
  assert.deepEqual(await callAll(direct), await callAll(tripping));
});

test('calls are made directly below the directories that were named, on disks of this machine only', async (t) => {
  const directory = await directDirectory(t);
  assert.equal(await tripsOf(() => mkdir(join(directory, 'a'))), 0);
  const elsewhere = await temporaryDirectory(t);
  assert.equal(await tripsOf(() => mkdir(join(elsewhere, 'a'))), 1);
  // Another that only begins with the same letters.
  assert.equal(await tripsOf(() => mkdir(`${directory}-not`)), 1);
  await rmdir(`${directory}-not`);
  // A file system that is no disk of this machine.
  await callDirectlyBelow(['/proc']);
  assert.equal(await tripsOf(() => mkdir('/proc/a')), 1);
});

test('a directory that is not there yet is none of this machine', async (t) => {
  const later = join(await temporaryDirectory(t), 'later');
  await callDirectlyBelow([later]);
  await makeByTrip(later);
  assert.equal(await tripsOf(() => mkdir(join(later, 'a'))), 1);
});

test('between many direct calls everything else has its turn', async (t) => {
  const directory = await directDirectory(t);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  for (let call = 0; call < 1000; call++) await stat(directory);
  isOver = true;
  assert.ok(turns > 20, `${String(turns)} turns in 1000 calls`);
});

test('what takes its time to be freed is removed by a trip', async (t) => {
  const directory = await directDirectory(t);
  const [large, other] = [join(directory, 'large'), join(directory, 'other')];
  await writeFile(large, Buffer.alloc(2 * 1024 * 1024));
  await link(large, other);
  assert.equal(await tripsOf(() => unlink(other)), 0, 'one name of two frees nothing');
  assert.equal(await tripsOf(() => unlink(large)), 1);
});

test('a file that is closed twice does not close what has its number by then', async (t) => {
  const directory = await directDirectory(t);
  const first = await open(join(directory, 'first'), 'wx');
  const { fd } = first;
  await first.close();
  const second = await open(join(directory, 'second'), 'wx');
  assert.equal(second.fd, fd, 'the number is given again');
  await first.close();
  await second.write(Buffer.from('x'), 0, 1, null);
  await second.close();
});

test('a file is not closed while something of it is under way', async (t) => {
  const directory = await directDirectory(t);
  const file = await open(join(directory, 'file'), 'wx');
  const large = Buffer.alloc(8 * 1024 * 1024);
  const under = [file.write(large, 0, large.length, 0), file.sync()];
  await file.close();
  await Promise.all(under);
  assert.equal((await stat(join(directory, 'file'))).size, large.length);
});

test('files are opened without waiting for whoever is at the other end of them', async (t) => {
  const directory = await directDirectory(t);
  const path = join(directory, 'file');
  await writeFile(path, '');
  for (const flags of ['r', constants.O_RDONLY | constants.O_NOFOLLOW]) {
    const file = await open(path, flags);
    const info = await readFile(`/proc/self/fdinfo/${String(file.fd)}`, 'utf8');
    const [, opened = ''] = /^flags:\s*([0-7]+)/m.exec(info) ?? [];
    assert.ok((parseInt(opened, 8) & constants.O_NONBLOCK) !== 0, `opened with ${String(flags)}`);
    await file.close();
  }
});
