import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Updater } from 'tuf-js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { Clock, DAY, prune } from '../support/prune.js';
import { makeRepository, publish } from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';
import { serveDirectory } from '../support/web-server.js';

const LAYOUTS = {
  flat: {},
  'in bins': { hashBins: { count: 8, style: 'succinct', snapshotEntries: 'full' } },
} as const;
const STOPS = {
  'the snapshot': /snapshot\.json$/,
  'the metadata that lists its target': /\d\.(targets|bins-\d)\.json$/,
  'its target': /^\/targets\//,
};

for (const [layout, changes] of Object.entries(LAYOUTS)) {
  for (const [what, at] of Object.entries(STOPS)) {
    test(`a client that stops before ${what} goes on after two releases and a prune (${layout})`, async (t) => {
      const directory = await temporaryDirectory(t);
      const clock = new Clock(Date.now() - 3 * DAY);
      // So short that only the timestamp which the client holds keeps anything.
      const made = await makeRepository(directory, { ...changes, now: clock.now, pruneAfter: 1 });
      await publish(made, '1', { a: 'one', b: 'one' });
      clock.time = Date.now() - DAY / 2;
      await publish(made, '2', { a: 'two', b: 'two' });
      let stopped = false;
      const meanwhile = async (path: string): Promise<void> => {
        if (stopped || !at.test(path)) return;
        stopped = true;
        clock.time = Date.now();
        await publish(made, '3', { a: 'three' });
        await publish(made, '4', { a: 'four', b: 'four' });
        const { targets } = await prune(made);
        assert.equal(targets.targets, 2, 'both files of the first release go');
      };
      const url = await serveDirectory(t, made.options.repositoryPath, meanwhile);
      assert.equal(await download(url, made.options.repositoryPath, join(directory, 'old')), 'two');
      assert.ok(stopped);
      assert.equal(await download(url, made.options.repositoryPath, join(directory, 'fresh')), 'four');
      assert.deepEqual(await verifyRepository(openRepository(made.options)), []);
    });
  }
}

/** A fresh client, more patient than usual. @returns what it gets for the target `a`. */
async function download(url: string, repositoryPath: string, directory: string): Promise<string> {
  const [metadataDir, targetDir] = [join(directory, 'metadata'), join(directory, 'targets')];
  await mkdir(metadataDir, { recursive: true });
  await mkdir(targetDir);
  const root = await readFile(join(repositoryPath, 'metadata', '1.root.json'));
  await writeFile(join(metadataDir, 'root.json'), root);
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: `${url}/metadata`,
    targetDir,
    targetBaseUrl: `${url}/targets`,
    config: { fetchTimeout: 60_000 },
  });
  await updater.refresh();
  const info = await updater.getTargetInfo('a');
  assert.ok(info);
  return readFile(await updater.downloadTarget(info), 'utf8');
}
