import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { advise, AVERAGE_ENTRY, measuredEntry, type AdvisedChoice } from '../../src/repository/index.js';
import { sizesOf } from '../../src/repository/advise/sizes.js';
import { makeRepository, publish, repositoryOptions } from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';

const { roles } = repositoryOptions('/nowhere');

for (const layout of [
  { count: 0, style: 'succinct', snapshotEntries: 'full' },
  { count: 4, style: 'succinct', snapshotEntries: 'version' },
  { count: 32, style: 'path_hash_prefixes', snapshotEntries: 'version' },
  { count: 256, style: 'path_hash_prefixes', snapshotEntries: 'full' },
] as const) {
  test(`sizes are those of files that this program writes (${String(layout.count)} bins)`, async (t) => {
    const made = await makeRepository(await temporaryDirectory(t), { hashBins: layout });
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`vendor/${String(n)}.zip`, 'x']));
    await publish(made, '20261124T081407.123Z-4f2a', files);
    const entry = await measuredEntry(made.repository);
    assert.ok(entry);
    const { count, style, snapshotEntries } = layout;
    const choice = { hashBins: count === 0 ? undefined : { count, style }, snapshotEntries };
    // Measured are the first bins only.
    const sizes = sizesOf(choice, 400, entry);
    const { metadata } = made.repository.paths;
    const names = await readdir(metadata);
    const size = async (file: string): Promise<number> => {
      const newest =
        names
          .filter((name) => name.endsWith(`.${file}`))
          .sort()
          .at(-1) ?? file;
      return (await stat(join(metadata, newest))).size;
    };
    const near = async (expected: number, file: string): Promise<void> => {
      const actual = await size(file);
      assert.ok(
        Math.abs(actual - expected) <= 0.03 * actual + 3 * count + 12,
        `${file}: ${String(actual)}, told ${String(expected)}`,
      );
    };
    await near(sizes.targets, 'targets.json');
    await near(sizes.timestamp, 'timestamp.json');
    await near(sizes.snapshot, 'snapshot.json');
    const bins = names.filter((name) => /^2\.bins-/.test(name));
    if (count === 0 || count > 32) return;
    const lengths = await Promise.all(bins.map(async (name) => (await stat(join(metadata, name))).size));
    const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    assert.ok(Math.abs(average - sizes.bin) < 0.1 * average, `${String(average)}, told ${String(sizes.bin)}`);
  });
}

const readerOf = ({ readers }: AdvisedChoice, client: string) =>
  readers.find((reader) => reader.client === client)?.reads;

test('few targets need no bins, and many get more the more there are', () => {
  const recommended = (
    targets: number,
    releasesPerDay = 20,
    style: 'succinct' | 'path_hash_prefixes' = 'succinct',
  ) => advise({ targets, releasesPerDay, filesPerRelease: 2 }, AVERAGE_ENTRY, style, roles).recommended;
  assert.equal(recommended(300).count, 0);
  const counts = [3_000, 20_000, 200_000, 2_000_000, 20_000_000].map((targets) => recommended(targets).count);
  assert.deepEqual(
    counts,
    [...counts].sort((a, b) => a - b),
  );
  assert.ok((counts[0] ?? 0) > 0 && (counts.at(-1) ?? 0) > 1000, counts.join(' '));
  for (const style of ['succinct', 'path_hash_prefixes'] as const) {
    const { signer, client, style: got } = recommended(6_000_000, 5000, style);
    assert.equal(got, style);
    assert.ok(signer.milliseconds <= 50);
    assert.ok(client.firstContact.bytes < 4_000_000);
    assert.ok(client.afterDay.bytes <= client.afterWeek.bytes);
    assert.ok(client.afterWeek.bytes <= client.firstContact.bytes);
  }
});

test('nothing is released: then only what is signed anew is downloaded again', () => {
  const { choices } = advise(
    { targets: 1000, releasesPerDay: 0, filesPerRelease: 1 },
    200,
    'succinct',
    roles,
  );
  for (const { client, sizes } of choices) {
    assert.ok(Number.isFinite(client.firstContact.bytes));
    assert.ok(client.afterDay.bytes < client.firstContact.bytes);
    assert.ok(client.afterDay.bytes >= sizes.timestamp);
  }
});

test('it says which client cannot read a layout', () => {
  const { choices } = advise(
    { targets: 6_000_000, releasesPerDay: 1, filesPerRelease: 1 },
    200,
    'succinct',
    roles,
  );
  const find = (count: number, style: string, form: string): AdvisedChoice => {
    const found = choices.find(
      (choice) =>
        choice.count === count && (count === 0 || choice.style === style) && choice.snapshotEntries === form,
    );
    assert.ok(found);
    return found;
  };
  const flat = find(0, '', 'full');
  assert.ok(flat.readers.every(({ reads }) => reads !== 'no'));
  assert.equal(readerOf(flat, 'tuf-js'), 'dearly');
  assert.equal(readerOf(find(1024, 'succinct', 'full'), 'go-tuf'), 'yes');
  assert.equal(readerOf(find(1024, 'succinct', 'full'), 'tough'), 'no');
  assert.equal(readerOf(find(1024, 'path_hash_prefixes', 'full'), 'go-tuf'), 'no');
  assert.equal(readerOf(find(1024, 'path_hash_prefixes', 'full'), 'tough'), 'dearly');
  assert.equal(
    readerOf(find(1024, 'path_hash_prefixes', 'version'), 'php-tuf'),
    'no',
    'bins of more than 100 kB',
  );
  assert.equal(readerOf(find(65_536, 'path_hash_prefixes', 'version'), 'php-tuf'), 'yes');
  assert.equal(readerOf(find(16, 'succinct', 'version'), 'python-tuf'), 'no', 'bins of more than 5 MB');
});
