import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalize } from '@tufjs/canonical-json';
import fc from 'fast-check';
import {
  findEntry,
  hasPathBelow,
  listEntries,
  spliceEntries,
  type TargetEntry,
} from '../../src/repository/metadata/target-entries.js';

/** Names that look like the bytes between two entries, and others. */
const part = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '1},',
    '},',
    ':{',
    '"length":5},',
    '","',
    ',"length":7},"x',
    '0',
    '~',
    'é',
    'ü',
    '"',
  ),
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xd7ff })
      .filter((code) => code !== 0x5c)
      .map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 4,
  }),
);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
const entry = fc.record(
  {
    length: fc.nat(),
    hashes: fc.constantFrom({ sha256: 'ab12' }, { sha256: '00', sha512: 'ff' }),
    release: fc.constantFrom('1', '20261124T081407.123Z-4f2a'),
  },
  { noNullPrototype: true },
);
const changes = fc.array(fc.tuple(path, entry), { maxLength: 30 });

/** The same as plain objects, in canonical JSON. */
function canonical(model: ReadonlyMap<string, TargetEntry>): string {
  const targets = Object.fromEntries(
    [...model].map(([name, { length, hashes, release }]) => [name, { custom: { release }, hashes, length }]),
  );
  return canonicalize(targets).slice(1, -1);
}

test('splicing gives the canonical JSON of the same targets as objects', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 4 }), path, (rounds, asked) => {
      const model = new Map<string, TargetEntry>();
      let bytes: Buffer = Buffer.alloc(0);
      for (const round of rounds) {
        const before = model.size;
        for (const [name, value] of round) model.set(name, value);
        const { pieces, added } = spliceEntries(bytes, new Map(round));
        bytes = Buffer.concat([...pieces]);
        assert.equal(added, model.size - before);
      }
      assert.equal(bytes.toString(), canonical(model));
      assert.equal([...listEntries(bytes)].length, model.size);
      for (const name of [...model.keys(), asked]) assert.deepEqual(findEntry(bytes, name), model.get(name));
      const below = [...model.keys()].some((name) =>
        Buffer.from(name).subarray(0, Buffer.byteLength(asked)).equals(Buffer.from(asked)),
      );
      assert.equal(hasPathBelow(bytes, asked), below);
    }),
    { numRuns: 500 },
  );
});
