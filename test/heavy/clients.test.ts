import assert from 'node:assert/strict';
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { RepositoryOptions } from '../../src/repository/index.js';
import { FILES } from '../support/client-files.js';
import { CLIENTS, type Client } from '../support/clients.js';
import { makeRepository, publish, type Files } from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';
import { serveDirectory } from '../support/web-server.js';

type HashBins = RepositoryOptions['hashBins'];

/** Where a bin takes one prefix and where it takes several, as they come with 8 and 2,048 bins. */
const LAYOUTS: readonly HashBins[] = [
  { count: 0, style: 'path_hash_prefixes', snapshotEntries: 'full' },
  ...[8, 16, 2048].map((count) => bins(count, 'path_hash_prefixes', 'full')),
  bins(16, 'path_hash_prefixes', 'version'),
  ...[8, 16, 2048].map((count) => bins(count, 'succinct', 'full')),
  bins(16, 'succinct', 'version'),
];

/** More odd names, and enough targets that they lie in many bins. */
const FIRST: Files = {
  ...FILES,
  "plus+&=;,@!$'": 'signs',
  '(p)[b]{c}<a>|^~*`': 'brackets',
  'a b/c d': 'spaces',
  '日本語/パッケージ.zip': 'Japanese',
  ...Object.fromEntries(
    Array.from({ length: 24 }, (_, number) => {
      const name = `package-${String(number)}`;
      return [`vendor/${name}/${name}-1.0.zip`, `bytes of ${name}`];
    }),
  ),
};
const REPLACED = 'a.txt';
const SECOND: Files = { [REPLACED]: 'two', 'vendor/new/new-1.0.zip': 'new' };

for (const layout of LAYOUTS) {
  for (const client of CLIENTS.filter((each) => reads(each, layout))) {
    test(`${client.name} follows a repository and refuses what was changed: ${nameOf(layout)}`, async (t) => {
      const missing = client.missing();
      if (missing !== undefined) {
        assert.notEqual(process.env.TUFLINE_REQUIRE_ALL, '1', `needs ${missing}`);
        t.skip(`needs ${missing}`);
        return;
      }
      const directory = await temporaryDirectory(t);
      const made = await makeRepository(directory, { hashBins: layout });
      const { repositoryPath } = made.options;
      const url = await serveDirectory(t, repositoryPath);
      const look = (name: string, paths: readonly string[]) =>
        client.download(url, repositoryPath, join(directory, name), paths);
      const sees = async (name: string, files: Files) => {
        const got = await look(name, Object.keys(files));
        for (const [path, content] of Object.entries(files)) {
          assert.equal(got.get(path)?.toString(), content, path);
        }
      };
      // A client that crashes says something else than that its library refuses.
      const refuses = (name: string, why: RegExp) =>
        assert.rejects(look(name, [REPLACED]), (error: Error) => {
          assert.ok(error.message.startsWith(`${client.name}: `), error.message);
          assert.match(error.message, why);
          return true;
        });

      await publish(made, '1', FIRST);
      await sees('known', FIRST);
      const metadata = join(repositoryPath, 'metadata');
      const timestamp = join(metadata, 'timestamp.json');
      const older = await readFile(timestamp);

      await publish(made, '2', SECOND);
      const all = { ...FIRST, ...SECOND };
      await sees('known', all);
      await sees('fresh', all);
      await refusesUnlisted(client, look);

      await t.test('a target file with other bytes', async () => {
        const targets = join(repositoryPath, 'targets');
        const restore = await change(targets, hashedNames(REPLACED), () => 'tw0');
        await refuses('misled', /hash|mismatch|digest/i);
        await assert.rejects(access(join(directory, 'misled', 'targets', REPLACED)), { code: 'ENOENT' });
        await restore();
      });

      for (const [role, names] of Object.entries(rolesOf(layout))) {
        await t.test(`${role} metadata with a later expiry`, async () => {
          const restore = await change(metadata, names, postponed);
          await refuses(`misled by ${role}`, /sign|threshold|hash|digest/i);
          await restore();
        });
      }

      await t.test('the timestamp of before, to a client that has seen the next', async () => {
        const restore = await change(metadata, /^timestamp\.json$/, () => older);
        await refuses('known', /version/i);
        await restore();
      });
      await sees('known', all);
    });
  }
}

function bins(count: number, style: HashBins['style'], entries: HashBins['snapshotEntries']): HashBins {
  return { count, style, snapshotEntries: entries };
}

function reads({ styles }: Client, { count, style }: HashBins): boolean {
  return styles.includes(count === 0 ? 'flat' : style);
}

function nameOf({ count, style, snapshotEntries }: HashBins): string {
  return count === 0 ? 'flat' : `${String(count)} bins, ${style}, snapshot entries ${snapshotEntries}`;
}

async function refusesUnlisted(
  { name }: Client,
  look: (name: string, paths: readonly string[]) => Promise<unknown>,
): Promise<void> {
  await assert.rejects(look('fresh', ['not/there.zip']), (error: Error) =>
    error.message.startsWith(`${name}: `),
  );
}

/** Files of metadata by role: of all versions, so that the one in use is among them. */
function rolesOf({ count }: HashBins): Readonly<Record<string, RegExp>> {
  return {
    timestamp: /^timestamp\.json$/,
    snapshot: /^\d+\.snapshot\.json$/,
    targets: /^\d+\.targets\.json$/,
    ...(count === 0 ? {} : { bins: /^\d+\.(?!(root|snapshot|targets)\.json$)/ }),
  };
}

function hashedNames(name: string): RegExp {
  return new RegExp(`^[0-9a-f]+\\.${name.replaceAll('.', '\\.')}$`);
}

/** The signed part says something else, in as many bytes. */
function postponed(bytes: Buffer): string {
  const changed = bytes.toString().replace(/"expires":"\d{4}/, '"expires":"2999');
  assert.notEqual(changed, bytes.toString());
  return changed;
}

/** Changes files as someone with access to the web server could. @returns what puts them back. */
async function change(
  directory: string,
  names: RegExp,
  altered: (bytes: Buffer) => string | Buffer,
): Promise<() => Promise<void>> {
  const paths = (await readdir(directory))
    .filter((name) => names.test(name))
    .map((name) => join(directory, name));
  assert.notEqual(paths.length, 0, `${directory} has no ${String(names)}`);
  const before = await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const));
  for (const [path, bytes] of before) await replace(path, altered(bytes));
  return async () => {
    for (const [path, bytes] of before) await replace(path, bytes);
  };
}

/** Another file in its place: the bytes of the old one may have a second name. */
async function replace(path: string, bytes: string | Buffer): Promise<void> {
  await rm(path);
  await writeFile(path, bytes);
}
