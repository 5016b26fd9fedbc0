import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { canonicalize } from '@tufjs/canonical-json';
import { targetsBytes, type TargetEntry } from '../src/repository/metadata/targets.js';
import { spliceEntries } from '../src/repository/metadata/target-entries.js';
import { milliseconds, percentile } from './figures.js';

/** `npm run bench:splice [-- TARGETS]`: two targets put into large targets metadata, as bytes and as objects. */
const count = Number(process.argv[2] ?? 100_000);
const entry = (path: string): TargetEntry => ({
  length: path.length,
  hashes: { sha256: createHash('sha256').update(path).digest('hex') },
  release: '20261124T081407.123Z-4f2a',
});
const many = new Map(
  Array.from({ length: count }, (_, index) => `vendor/package-${String(index)}.zip`).map((path) => [
    path,
    entry(path),
  ]),
);
const entries = Buffer.concat([...spliceEntries(Buffer.alloc(0), many).pieces]);
const version = { version: 2, expires: '2027-01-01T00:00:00Z' };
const changes = new Map(['vendor/new-1.zip', 'vendor/new-2.zip'].map((path) => [path, entry(path)]));

const spliced: number[] = [];
const asObjects: number[] = [];
const text = entries.toString('utf8');
for (let run = 0; run < 11; run++) {
  let begun = performance.now();
  const { signed } = targetsBytes(version, entries, changes);
  spliced.push(performance.now() - begun);
  begun = performance.now();
  const targets: unknown = JSON.parse(`{${text}}`);
  if (typeof targets !== 'object' || targets === null) throw new Error('no targets');
  const document = { _type: 'targets', ...version, spec_version: '1.0.0', targets: { ...targets } };
  const canonical = Buffer.from(canonicalize(document));
  asObjects.push(performance.now() - begun);
  if (run === 0)
    console.log(
      `${String(count)} targets, ${(signed.length / 1e6).toFixed(1)} MB (${(canonical.length / 1e6).toFixed(1)} MB without the two)`,
    );
}
console.log(`${cpus()[0]?.model ?? '?'}, Node ${process.version}, median of 11`);
console.log(`spliced:                    ${milliseconds(percentile(spliced, 0.5))}`);
console.log(`parsed and canonicalised:   ${milliseconds(percentile(asObjects, 0.5))}`);
