import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { TuflineError } from '../../src/errors/index.js';
import { buildPackage, type PackageOptions, type PackageProgress } from '../../src/packaging/index.js';
import { temporaryDirectory } from '../support/temporary.js';
import { serveDirectory } from '../support/web-server.js';

const run = promisify(execFile);

async function sample(t: TestContext): Promise<{ base: string; options: PackageOptions }> {
  const base = await temporaryDirectory(t);
  const directory = join(base, 'source');
  await mkdir(join(directory, 'lib'), { recursive: true });
  await mkdir(join(directory, 'empty'));
  await writeFile(join(directory, 'lib', 'ä.txt'), 'x'.repeat(700_000));
  await writeFile(join(directory, 'lib', 'Z.txt'), '');
  await writeFile(join(directory, 'run.sh'), '#!/bin/sh\n', { mode: 0o700 });
  return { base, options: { directory, name: 'vendor/tool', version: '1.0.0', out: join(base, 'out') } };
}

async function failure(work: Promise<unknown>): Promise<TuflineError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TuflineError, `a TuflineError was expected, not ${String(error)}`);
  return error;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

void test('a package is a zip that unpacks to what went in, and a list of its versions', async (t) => {
  const { base, options } = await sample(t);
  const result = await buildPackage(options);
  assert.equal(result.zip.as, 'vendor/tool-1.0.0.zip');
  assert.equal(result.zip.path, join(base, 'out', 'vendor', 'tool-1.0.0.zip'));
  assert.deepEqual([result.files, result.bytes, result.created], [3, 700_010, true]);
  assert.deepEqual(JSON.parse(await readFile(result.list.path, 'utf8')), {
    name: 'vendor/tool',
    versions: {
      '1.0.0': { file: 'vendor/tool-1.0.0.zip', size: result.zip.size, sha256: result.zip.sha256 },
    },
  });
  const bytes = await readFile(result.zip.path);
  assert.equal(bytes.length, result.zip.size);
  if (spawnSync('python3', ['--version']).status !== 0) {
    t.diagnostic('no python3: the zip was not unpacked');
    return;
  }
  const script = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([[i.filename, i.file_size, oct(i.external_attr >> 16), i.date_time, len(i.extra)] for i in z.infolist()]))`;
  const { stdout } = await run('python3', ['-c', script, result.zip.path]);
  const time = [1980, 1, 1, 0, 0, 0];
  assert.deepEqual(JSON.parse(stdout), [
    ['empty/', 0, '0o40755', time, 0],
    ['lib/Z.txt', 0, '0o100644', time, 0],
    ['lib/ä.txt', 700_000, '0o100644', time, 0],
    ['run.sh', 10, '0o100755', time, 0],
  ]);
});

void test('the same input gives the same bytes, whatever the time zone, umask, times and order of creation', async (t) => {
  const { base, options } = await sample(t);
  const first = await buildPackage(options);
  const other = join(base, 'other');
  await mkdir(join(other, 'empty'), { recursive: true });
  await mkdir(join(other, 'lib'));
  await writeFile(join(other, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(other, 'lib', 'Z.txt'), '', { mode: 0o600 });
  await writeFile(join(other, 'lib', 'ä.txt'), 'x'.repeat(700_000), { mode: 0o666 });
  await utimes(join(other, 'run.sh'), new Date('2001-02-03'), new Date('2001-02-03'));
  const module = new URL('../../src/packaging/index.ts', import.meta.url).href;
  const script = `process.umask(0o077);
    const { buildPackage } = await import(${JSON.stringify(module)});
    const { zip } = await buildPackage(${JSON.stringify({ ...options, directory: other, out: join(base, 'out2') })});
    console.log(zip.sha256);`;
  const { stdout } = await run(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { env: { ...process.env, TZ: 'Asia/Kathmandu', LANG: 'C', LC_ALL: 'C' } },
  );
  assert.equal(stdout.trim(), first.zip.sha256);
  assert.deepEqual(
    await readFile(join(base, 'out2', 'vendor', 'tool.json')),
    await readFile(first.list.path),
  );
});

void test('entries are in the order of their bytes, however the directory lists them', async (t) => {
  const { options } = await sample(t);
  const names = Array.from({ length: 40 }, (_, index) => `lib/${String((index * 7) % 40)}`);
  // After the files in lib/ by the order of a walk, before them by bytes.
  names.push('lib-a', 'ﬀ', 'B', '_');
  for (const name of names) await writeFile(join(options.directory, name), name);
  const { zip } = await buildPackage({ ...options, compress: false });
  // Names as the central directory has them: signature, 42 bytes, name (the lengths are in the fixed part).
  const bytes = await readFile(zip.path);
  const listed: string[] = [];
  let at = bytes.indexOf(Buffer.from('504b0102', 'hex'));
  while (at >= 0) {
    listed.push(bytes.subarray(at + 46, at + 46 + bytes.readUInt16LE(at + 28)).toString());
    at = bytes.indexOf(Buffer.from('504b0102', 'hex'), at + 46);
  }
  const expected = [...names, 'empty/', 'lib/Z.txt', 'lib/ä.txt', 'run.sh'];
  expected.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(listed, expected);
});

void test('building a version again changes nothing', async (t) => {
  const { options } = await sample(t);
  const first = await buildPackage(options);
  const list = await readFile(first.list.path);
  const again = await buildPackage(options);
  assert.equal(again.created, false);
  assert.equal(again.zip.sha256, first.zip.sha256);
  // A crash between the two files, or after a clean-up of one: the next build completes them.
  for (const missing of [first.zip.path, first.list.path]) {
    await rm(missing);
    await buildPackage(options);
    assert.deepEqual(await readFile(first.list.path), list);
    assert.equal((await readFile(first.zip.path)).length, first.zip.size);
  }
});

void test('other content under a version is refused, whichever of the two files speaks against it', async (t) => {
  const { options } = await sample(t);
  const refused = async () => {
    const error = await failure(buildPackage(options));
    assert.deepEqual([error.code, error.kind], ['version-exists', 'permanent']);
    assert.match(error.sentence, /new version/);
    return filesBelow(options.out);
  };
  const { zip, list } = await buildPackage(options);
  const before = await readFile(list.path, 'utf8');
  await writeFile(list.path, before.replace(zip.sha256, zip.sha256.replaceAll(/./g, 'f')));
  assert.deepEqual(await refused(), ['tool-1.0.0.zip', 'tool.json'], 'the same size, another hash');
  await rm(zip.path);
  assert.deepEqual(await refused(), ['tool.json'], 'a refused version leaves no zip');
  await rm(list.path);
  await writeFile(zip.path, 'something else');
  assert.deepEqual(await refused(), ['tool-1.0.0.zip'], 'nor a temporary file, nor a list');
  assert.equal(await readFile(zip.path, 'utf8'), 'something else');
});

void test('the list keeps every version and what others noted in it', async (t) => {
  const { base, options } = await sample(t);
  await buildPackage({ ...options, version: '1.10.0' });
  await buildPackage({ ...options, version: '1.9.0' });
  const from = join(base, 'published.json');
  const { list } = await buildPackage({ ...options, version: '1.10.0-beta' });
  assert.equal(list.versions, 3);
  const published: unknown = JSON.parse(await readFile(list.path, 'utf8'));
  assert.ok(typeof published === 'object' && published !== null && 'versions' in published);
  const { versions } = published;
  assert.ok(typeof versions === 'object' && versions !== null);
  assert.deepEqual(Object.keys(versions), ['1.9.0', '1.10.0', '1.10.0-beta']);
  await writeFile(from, JSON.stringify({ ...published, homepage: 'https://example.org' }));

  const url = await serveDirectory(t, base);
  for (const [index, source] of [from, `file://${from}`, `${url}/published.json`].entries()) {
    const result = await buildPackage({
      ...options,
      version: '2.0.0',
      from: source,
      out: join(base, `out${String(index)}`),
    });
    const text = await readFile(result.list.path, 'utf8');
    assert.equal(result.list.versions, 4);
    assert.match(text, /"homepage": "https:\/\/example.org"/);
  }
});

void test('a list that cannot be had or trusted stops the build before anything is written', async (t) => {
  const { base, options } = await sample(t);
  const url = await serveDirectory(t, base);
  await writeFile(join(base, 'broken.json'), '{');
  await writeFile(join(base, 'wrong.json'), '{"name":"other","versions":{}}');
  await writeFile(join(base, 'odd.json'), '{"name":"vendor/tool","versions":{"1":{"file":"x","size":-1}}}');
  const cases = [
    [join(base, 'none.json'), 'versions-missing', /leave it out for the first version/],
    [`${url}/none.json`, 'versions-missing', /leave it out/],
    ['http://127.0.0.1:1/x.json', 'versions-unreachable', /127\.0\.0\.1/],
    [join(base, 'broken.json'), 'versions-invalid', /broken\.json is no list/],
    [join(base, 'wrong.json'), 'versions-invalid', /list of other/],
    [join(base, 'odd.json'), 'versions-invalid', /versions\.1\.size/],
  ] as const;
  for (const [from, code, says] of cases) {
    const error = await failure(buildPackage({ ...options, from }));
    assert.equal(error.code, code);
    assert.match(error.sentence, says);
  }
  assert.deepEqual(await filesBelow(options.out), []);
});

void test('what cannot be packaged is refused with a sentence that names it', async (t) => {
  const { base, options } = await sample(t);
  const put = async (name: string | Buffer, make: (path: string | Buffer) => Promise<unknown>) => {
    const path = Buffer.concat([Buffer.from(`${options.directory}/`), Buffer.from(name)]);
    await make(path.toString('utf8') === path.toString('latin1') ? path.toString() : path);
    const error = await failure(buildPackage(options));
    await rm(path);
    return error;
  };
  const text = (path: string | Buffer) => writeFile(path, 'x');
  const link = await put('link', (path) => symlink('run.sh', path));
  assert.deepEqual([link.code, link.kind], ['package-entry', 'permanent']);
  assert.match(link.sentence, /"link" is a symbolic link/);
  assert.equal((await put('pipe', (path) => run('mkfifo', [path.toString()]))).code, 'package-entry');
  for (const name of ['a\\b', 'a\nb', 'C:x', Buffer.from([0x61, 0xff])]) {
    assert.equal((await put(name, text)).code, 'package-path', JSON.stringify(name));
  }
  await mkdir(join(base, 'hollow', 'sub'), { recursive: true });
  assert.equal(
    (await failure(buildPackage({ ...options, directory: join(base, 'hollow') }))).code,
    'package-empty',
  );
  for (const out of [options.directory, join(options.directory, 'dist')]) {
    assert.equal((await failure(buildPackage({ ...options, out }))).code, 'package-out');
  }
  const nowhere = await failure(buildPackage({ ...options, directory: join(base, 'nowhere') }));
  assert.deepEqual([nowhere.code, nowhere.kind], ['package-directory', 'usage']);
  await buildPackage({ ...options, out: join(base, 'source-out') });
});

void test('a file that changes while it is read fails the build and leaves nothing', async (t) => {
  const { options } = await sample(t);
  const onProgress = ({ doing }: PackageProgress) => {
    // When the first file is begun, the last one is listed with its size and not yet read.
    if (doing === 'Z.txt') writeFileSync(join(options.directory, 'run.sh'), 'longer than before');
  };
  const error = await failure(buildPackage({ ...options, onProgress }));
  assert.deepEqual([error.code, error.kind], ['package-changed', 'permanent']);
  assert.match(error.message, /run\.sh/);
  assert.deepEqual(await filesBelow(options.out), []);
});

void test('progress ends at the totals, and a stored zip has no compressed entry', async (t) => {
  const { options } = await sample(t);
  const seen: PackageProgress[] = [];
  const result = await buildPackage({
    ...options,
    compress: false,
    onProgress: (progress) => seen.push(progress),
  });
  const last = seen.at(-1);
  assert.deepEqual([last?.files, last?.totalFiles, last?.bytes, last?.totalBytes], [3, 3, 700_010, 700_010]);
  assert.ok(result.zip.size > 700_010);
});
