import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { appendFile, chown, link, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { readFailure } from '../../src/handover/index.js';
import { checkTargetPath } from '../../src/handover/path-rules.js';
import { failsWith } from '../support/failure.js';
import { TestHandover } from '../support/handover.js';
import { temporaryDirectory } from '../support/temporary.js';

const run = promisify(execFile);
type Prepare = (directory: string) => Promise<unknown>;

/** Creates a file whose name is these bytes. */
const named =
  (bytes: Buffer): Prepare =>
  (directory) =>
    writeFile(Buffer.concat([Buffer.from(`${directory}/`), bytes]), 'x');

async function socketIn(directory: string): Promise<void> {
  // Short enough for a socket's name; then moved.
  const server = createServer();
  const path = join(directory, 's');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await rename(path, join(directory, 'socket'));
  await new Promise((resolve) => server.close(resolve));
}

const REFUSED: [string, string, Prepare][] = [
  ['a symbolic link', 'symbolic-link', (directory) => symlink('/etc/hostname', join(directory, 'link'))],
  [
    'a symbolic link to a directory',
    'symbolic-link',
    (directory) => symlink('/etc', join(directory, 'link')),
  ],
  ['a FIFO', 'fifo', (directory) => run('mkfifo', [join(directory, 'pipe')])],
  ['a socket', 'socket', socketIn],
  ['a backslash', 'path-backslash', named(Buffer.from('a\\b'))],
  ['a newline', 'path-control-character', named(Buffer.from('a\nb'))],
  ['a C1 control character', 'path-control-character', named(Buffer.from('a\u0085b'))],
  ['invalid UTF-8', 'invalid-utf-8', named(Buffer.from([0x61, 0xff, 0x62]))],
  ['an overlong UTF-8 form', 'invalid-utf-8', named(Buffer.from([0xc1, 0x81]))],
  ['a 255-byte name', 'name-too-long', named(Buffer.alloc(255, 'n'))],
  ['a 191-byte name', 'name-too-long', named(Buffer.alloc(191, 'n'))],
  ['a question mark', 'path-url-character', named(Buffer.from('a?b'))],
  ['a percent sign', 'path-url-character', named(Buffer.from('a%20b'))],
  ['an emoji', 'path-character', named(Buffer.from('🙂'))],
  ['an accent that is a character of its own', 'path-not-normalised', named(Buffer.from('e\u0301'))],
  ['a space at the end', 'path-url-character', named(Buffer.from('a '))],
  ['a colon in the first part', 'path-url-character', named(Buffer.from('1:2.deb'))],
  ['a name that JavaScript cannot have', 'path-reserved', named(Buffer.from('__proto__'))],
  ['a reserved name', 'reserved-name', named(Buffer.from('tufline-other.json'))],
  ['what is not built yet', 'not-built-yet', named(Buffer.from('tufline-release.json'))],
  [
    'names that differ in case only',
    'path-collision',
    async (directory) => {
      await writeFile(join(directory, 'Readme'), '1');
      await writeFile(join(directory, 'README'), '2');
    },
  ],
  [
    'names that differ in normalisation only',
    'path-not-normalised',
    async (directory) => {
      await writeFile(join(directory, 'caf\u00e9'), '1');
      await writeFile(join(directory, 'cafe\u0301'), '2');
    },
  ],
  [
    'a directory that is a file in another case',
    'path-collision',
    async (directory) => {
      await mkdir(join(directory, 'LIB'));
      await writeFile(join(directory, 'LIB', 'x'), '1');
      await writeFile(join(directory, 'lib'), '2');
    },
  ],
];

for (const [what, code, prepare] of REFUSED) {
  test(`${what} is refused with ${code}, and given back`, async (t) => {
    const handover = await TestHandover.make(await temporaryDirectory(t));
    await handover.ready('1', { 'good.txt': 'good' }, prepare);
    await handover.ready('2', { 'next.txt': 'next' });
    const claim = await handover.mustClaim('1');
    assert.ok(claim.problem, 'a problem is seen at the claim');
    assert.equal(claim.problem.code, code, claim.problem.message);
    await handover.putBack(claim, claim.problem);
    const failed = handover.path('tuf_failed_1');
    assert.equal((await readFailure(failed))?.code, code);
    assert.equal(await readFile(join(failed, 'good.txt'), 'utf8'), 'good');
    assert.equal((await handover.claim('2')).state, 'claimed', 'the next one is not held up');
  });
}

test('a device is refused', async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('only root can make a device');
    return;
  }
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', {}, (directory) => run('mknod', [join(directory, 'null'), 'c', '1', '3']));
  assert.equal((await handover.mustClaim('1')).problem?.code, 'device');
});

test('a directory without any file is refused', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', {});
  assert.equal((await handover.mustClaim('1')).problem?.code, 'empty-release');
  await handover.putBack(await handover.mustClaim('1'));
  await handover.ready('2', {}, (directory) => mkdir(join(directory, 'empty')));
  assert.equal((await handover.mustClaim('2')).problem?.code, 'empty-release');
});

test('what looks odd but is fine is released', async (t) => {
  const directory = await temporaryDirectory(t);
  const handover = await TestHandover.make(directory);
  await writeFile(join(directory, 'elsewhere'), 'linked');
  await handover.ready(
    '1',
    { '-rf': 'dash', '.hidden': 'dot', empty: '', 'a b': 'space', 'q"': 'quote', ümlaut: 'u' },
    async (ready) => {
      await link(join(directory, 'elsewhere'), join(ready, 'hard-link'));
      await mkdir(join(ready, 'empty-directory'));
      await writeFile(join(ready, '.nfs0001'), 'noise');
      await writeFile(join(ready, 'n'.repeat(190)), 'long');
    },
  );
  const claim = await handover.mustClaim('1');
  assert.equal(claim.problem, undefined);
  const { files } = await handover.move(claim);
  assert.deepEqual(
    files.map(({ path }) => path).sort(),
    ['-rf', '.hidden', 'a b', 'empty', 'hard-link', 'n'.repeat(190), 'q"', 'ümlaut'].sort(),
  );
});

test('paths that no file system can hold are refused too', async () => {
  for (const path of ['..', 'a/../b', '/etc/passwd', 'a//b', './a', '', 'a/', 'a\0b']) {
    await assert.rejects(async () => {
      checkTargetPath(path);
      await Promise.resolve();
    });
  }
});

const CHANGES: [string, (directory: string) => Promise<unknown>][] = [
  ['grows', (directory) => appendFile(join(directory, 'a'), 'more')],
  ['vanishes', (directory) => rm(join(directory, 'a'))],
  [
    'is exchanged for a link',
    async (directory) => {
      await rm(join(directory, 'a'));
      await symlink('/etc/hostname', join(directory, 'a'));
    },
  ],
  [
    'is exchanged for a FIFO',
    async (directory) => {
      await rm(join(directory, 'a'));
      await run('mkfifo', [join(directory, 'a')]);
    },
  ],
  ['gets a neighbour', (directory) => writeFile(join(directory, 'b'), 'late')],
];

for (const [what, change] of CHANGES) {
  test(`a file that ${what} after the claim is refused`, async (t) => {
    const handover = await TestHandover.make(await temporaryDirectory(t));
    await handover.ready('1', { a: 'content' });
    const claim = await handover.mustClaim('1');
    await change(handover.path('tuf_processing_1'));
    const code =
      what.includes('link') || what.includes('FIFO')
        ? /changed-while-read|symbolic-link|fifo/
        : /changed-while-read/;
    await assert.rejects(handover.move(claim), (error: Error & { code?: string; kind?: string }) => {
      assert.match(error.code ?? '', code);
      assert.equal(error.kind, 'permanent');
      return true;
    });
  });
}

test('a file that grows while it is read is refused', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  await handover.ready('1', { a: 'content', z: 'content' });
  const claim = await handover.mustClaim('1');
  await failsWith('changed-while-read', () =>
    handover.move(claim, {
      onFile: (path) => {
        if (path === 'a') appendFileSync(join(handover.path('tuf_processing_1'), 'a'), 'more');
      },
    }),
  );
});

test('SHA256SUMS is checked and not published', async (t) => {
  const handover = await TestHandover.make(await temporaryDirectory(t));
  const digest = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';
  const cases: [string, string, string | undefined][] = [
    ['1', `${digest}  a\n`, undefined],
    ['2', `${digest} *./a\n`, undefined],
    ['3', `${digest.replace('e', 'f')}  a\n`, 'sums-mismatch'],
    ['4', '', 'sums-incomplete'],
    ['5', `${digest}  a\n${digest}  b\n`, 'sums-incomplete'],
    ['6', 'nonsense\n', 'sums-malformed'],
  ];
  for (const [timestamp, SHA256SUMS, code] of cases) {
    await handover.ready(timestamp, { a: 'content', SHA256SUMS });
    const claim = await handover.mustClaim(timestamp, 10);
    if (code === undefined)
      assert.deepEqual(
        (await handover.move(claim)).files.map(({ path }) => path),
        ['a'],
      );
    else await failsWith(code, () => handover.move(claim));
    // The next one has the same path.
    handover.decisions.set(claim.release, 'aborted');
  }
});

test('a file that the monitor may not read is refused', async (t) => {
  const directory = await temporaryDirectory(t);
  const handover = await TestHandover.make(directory);
  await handover.ready('1', { open: 'x' }, async (ready) => {
    await writeFile(join(ready, 'closed'), 'x', { mode: 0o000 });
  });
  const claim = await handover.mustClaim('1');
  await asSomebodyElse([directory, handover.inboundPath], () =>
    failsWith('unreadable', () => handover.move(claim)),
  );
});

/** Root may read everything: as root, this becomes another user for a while. */
async function asSomebodyElse<T>(directories: readonly string[], run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run();
  const NOBODY = 65534;
  for (const directory of directories) await chown(directory, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}
