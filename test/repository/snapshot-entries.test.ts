import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalize } from '@tufjs/canonical-json';
import fc from 'fast-check';
import { differences } from '../../src/repository/metadata/entries.js';
import {
  findMeta,
  META_FORM,
  parseMetaEntry,
  type ListedMeta,
} from '../../src/repository/metadata/meta-entries.js';
import { snapshotBytes } from '../../src/repository/metadata/snapshot.js';

const name = fc.oneof(
  fc.constant('targets.json'),
  fc.integer({ min: 0, max: 4095 }).map((bin) => `bins-${bin.toString(16).padStart(3, '0')}.json`),
);
const meta: fc.Arbitrary<ListedMeta> = fc.oneof(
  fc.record({ version: fc.integer({ min: 1, max: 10 ** 9 }) }, { noNullPrototype: true }),
  fc.record(
    {
      version: fc.integer({ min: 1, max: 10 ** 9 }),
      length: fc.nat(),
      hashes: fc.constantFrom({ sha256: 'ab12' }, { sha256: '00', sha512: 'ff' }),
    },
    { noNullPrototype: true },
  ),
);
const changes = fc.array(fc.tuple(name, meta), { maxLength: 300 });
const VERSION = { version: 3, expires: '2027-01-01T00:00:00Z' };

function entriesOf(signed: Buffer): Buffer {
  const text = signed.toString('latin1');
  return signed.subarray(text.indexOf('"meta":{') + 8, text.lastIndexOf('},"spec_version"'));
}

test('splicing gives the canonical JSON of the same snapshot as an object', () => {
  fc.assert(
    fc.property(changes, changes, name, (first, second, asked) => {
      const before = entriesOf(snapshotBytes(VERSION, Buffer.alloc(0), new Map(first)));
      const signed = snapshotBytes(VERSION, before, new Map(second));
      const model = new Map([...first, ...second]);
      const expected = canonicalize({
        _type: 'snapshot',
        ...VERSION,
        spec_version: '1.0.0',
        meta: Object.fromEntries(model),
      });
      assert.equal(signed.toString(), expected);
      assert.deepEqual(findMeta(entriesOf(signed), asked), model.get(asked));
    }),
  );
});

test('differences are exactly the entries that are not the same, also behind long runs that are', () => {
  fc.assert(
    fc.property(changes, changes, fc.nat(5), (first, second, drop) => {
      const many = Array.from({ length: 2000 }, (_, bin): [string, ListedMeta] => [
        `bins-${bin.toString(16).padStart(3, '0')}.json`,
        { version: 1 },
      ]);
      const a = new Map([...many, ...first]);
      const b = new Map([...many, ...first, ...second]);
      for (const dropped of [...b.keys()].slice(0, drop)) b.delete(dropped);
      const bytes = (model: Map<string, ListedMeta>): Buffer =>
        entriesOf(snapshotBytes(VERSION, Buffer.alloc(0), model));
      const found = [...differences(META_FORM, bytes(a), bytes(b))].map(({ before, after }) => [
        before && parseMetaEntry(before.bytes),
        after && parseMetaEntry(after.bytes),
      ]);
      const names = [...new Set([...a.keys(), ...b.keys()])].sort();
      const expected = names
        .filter((file) => canonicalize(a.get(file) ?? null) !== canonicalize(b.get(file) ?? null))
        .map((file) =>
          [a, b].map((model) => {
            const listed = model.get(file);
            return listed && { name: file, meta: listed };
          }),
        );
      assert.deepEqual(found, expected);
    }),
    { numRuns: 50 },
  );
});
