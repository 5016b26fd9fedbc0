/**
 * Releases without Temporal in a process of their own, as the peers are: the first line of standard input says which
 * repository, each further one is a release, a JSON list of [file, target path]. Answers with milliseconds and memory.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  commitReleases,
  directoriesOf,
  openRepository,
  stageRelease,
  updateSnapshot,
  updateTimestamp,
  type InboundFile,
} from '../../src/repository/index.js';
import { callDirectlyBelow } from '../../src/files/index.js';
import { openSigners, type Signer } from '../../src/signers/index.js';
import { processMemory } from '../processes.js';
import { optionsIn } from '../populated.js';
import type { Opening, ReleaseTimes } from './index.js';

type File = readonly [from: string, path: string];

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { directory, hashBins, snapshotEntries } = JSON.parse(await nextLine()) as Opening;
const options = optionsIn(directory, hashBins, snapshotEntries);
// Each role has a repository of its own, with its own cache, as its worker has.
const roles = {
  targets: openRepository(options),
  snapshot: openRepository(options),
  timestamp: openRepository(options),
};
const signers = {
  targets: await signersOf('targets'),
  bins: await signersOf('bins'),
  snapshot: await signersOf('snapshot'),
  timestamp: await signersOf('timestamp'),
};
let number = 0;
// As the workers do.
await callDirectlyBelow([...directoriesOf(roles.targets), join(directory, '..', 'from')]);
// Linux lets a process lower its high-water mark: starting is not to count.
await writeFile('/proc/self/clear_refs', '5').catch(() => undefined);
answer({});
for await (const line of lines) {
  answer({ ...(await release(JSON.parse(line) as File[])) });
}

async function release(files: readonly File[]): Promise<ReleaseTimes> {
  const [[from, path] = ['', '']] = files;
  const inbound = from.slice(0, -path.length - 1);
  number++;
  const handedOver: InboundFile[] = [];
  for (const [file, name] of files) {
    const bytes = await readFile(file);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    handedOver.push({ path: name, length: bytes.length, hashes: { sha256 } });
  }
  const begun = performance.now();
  const staged = await stageRelease(roles.targets, {
    release: `bench${String(process.pid)}-${String(number)}`,
    timestamp: `20991231T000000.000Z-${String(number).padStart(6, '0')}`,
    force: false,
    directory: inbound,
    files: handedOver,
    link: false,
  });
  const afterStage = performance.now();
  const [outcome] = await commitReleases(roles.targets, signers, [staged]);
  if (outcome?.state !== 'committed') throw outcome?.error ?? new Error('nothing was committed');
  const afterTargets = performance.now();
  const atLeastCommit = outcome.record.number;
  const snapshot = await updateSnapshot(roles.snapshot, signers.snapshot, { atLeastCommit });
  const afterSnapshot = performance.now();
  await updateTimestamp(roles.timestamp, signers.timestamp, { atLeastSnapshot: snapshot.number });
  const ended = performance.now();
  return {
    stage: afterStage - begun,
    targets: afterTargets - afterStage,
    snapshot: afterSnapshot - afterTargets,
    timestamp: ended - afterSnapshot,
    milliseconds: ended - begun,
  };
}

async function signersOf(role: string): Promise<Signer[]> {
  const place = join(directory, 'keys', role);
  const keys = (await readdir(place)).filter((name) => name.endsWith('.pem'));
  return openSigners(
    keys.map((name) => `file:${join(place, name)}`),
    { directory, environment: {} },
  );
}

async function nextLine(): Promise<string> {
  const line = await lines.next();
  if (line.done) throw new Error('no line says which repository');
  return line.value;
}

function answer(fields: object): void {
  const { residentBytes, peakBytes } = processMemory();
  process.stdout.write(`${JSON.stringify({ ...fields, residentBytes, peakBytes })}\n`);
}
