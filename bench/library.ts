import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { percentile } from './figures.js';
import { hashBinsOf, inWords, SNAPSHOT_ENTRIES, type Layout } from './layout.js';
import { startPeer, type Peer, type PeerFigure, type PeerName } from './peers/index.js';
import { makePopulated } from './populated.js';
import { population, type Population } from './population/index.js';
import type { Report } from './report.js';
import { startResident, type ReleaseTimes, type Resident } from './resident/index.js';
import { writeFiles } from './write-files.js';

const PEERS: readonly PeerName[] = ['python-tuf', 'go-tuf'];
const KILOBYTE = 1024;
/** Releases before those that count: a resident process has been there for a while. */
const WARM_UP = 10;
/** A release of RSTUF with 100,000 targets in 256 bins, in milliseconds, as its project publishes it. */
const RSTUF = { targets: 100_000, bins: 256, milliseconds: 3000 };

interface Contestant {
  readonly layout: Layout;
  readonly targets: Population;
  readonly place: string;
  readonly resident: Resident;
  readonly times: ReleaseTimes[];
  peakBytes: number;
}

/**
 * Signing and publishing of releases of two files without Temporal, in repositories of growing size: one release in each,
 * then the next in each, so that whatever the machine does beside hits all of them.
 */
export async function library(
  directory: string,
  report: Report,
  layouts: readonly Layout[],
  releases: number,
): Promise<void> {
  const contestants: Contestant[] = [];
  for (const layout of layouts) contestants.push(await enter(directory, report, layout));
  await settle();
  report.doing('library: releases in each of them in turn');
  for (let number = 0; number < releases + WARM_UP; number++) {
    for (const contestant of contestants) await releaseWith(contestant, number);
  }
  for (const { layout, times, peakBytes } of contestants) {
    const samples = times.map(({ milliseconds }) => milliseconds);
    report.latency({ who: 'tufline without Temporal', ...layout, samples });
    for (const part of ['stage', 'targets', 'snapshot', 'timestamp'] as const) {
      const name = `library, ${inWords(layout)}: ${part}`;
      report.figure({ name, unit: 'ms', samples: times.map((time) => time[part]) });
    }
    report.figure({
      name: `library, ${inWords(layout)}: peak resident memory`,
      unit: 'B',
      samples: [peakBytes],
    });
  }
  const [first, last] = [contestants[0], contestants.at(-1)];
  if (first && last) {
    report.figure({
      name: `library: ${inWords(last.layout)}, against ${inWords(first.layout)}`,
      unit: '×',
      samples: [median(last.times) / median(first.times)],
      goal: { bound: 'at most', value: 1.5, share: 0.5 },
    });
  }
  for (const contestant of contestants) await leave(contestant);
}

/** Ours and each peer's in turn, release after release. */
export async function besidePeers(
  directory: string,
  report: Report,
  layout: Layout,
  releases: number,
): Promise<void> {
  const ours = await enter(directory, report, layout);
  const theirs: { name: PeerName; peer: Peer; figures: PeerFigure[] }[] = [];
  for (const name of PEERS) {
    report.doing(`${name}: ${inWords(layout)}`);
    const peer = await startPeer(name, {
      directory: join(ours.place, name),
      ...layout,
      style: styleOf(layout),
      snapshotEntries: SNAPSHOT_ENTRIES,
    });
    if (peer) theirs.push({ name, peer, figures: [] });
    else report.note(`${name} is not installed here`);
  }
  await settle();
  report.doing('releases with each of them in turn');
  for (let number = 0; number < releases + WARM_UP; number++) {
    await releaseWith(ours, number);
    for (const { name, peer, figures } of theirs) {
      const files = await writeFiles(join(ours.place, name, 'from'), ours.targets, number, KILOBYTE);
      const figure = await peer.release(files);
      if (number >= WARM_UP) figures.push(figure);
    }
  }
  report.latency({
    who: 'tufline without Temporal',
    ...layout,
    samples: ours.times.map(({ milliseconds }) => milliseconds),
  });
  report.figure({
    name: `tufline without Temporal, peak resident memory, ${inWords(layout)}`,
    unit: 'B',
    samples: [ours.peakBytes],
  });
  for (const { name, peer, figures } of theirs) {
    const { milliseconds: setupMilliseconds } = peer.setup;
    report.peer(
      {
        name,
        ...layout,
        style: styleOf(layout),
        snapshotEntries: SNAPSHOT_ENTRIES,
        setupMilliseconds,
        releases: figures,
      },
      { milliseconds: median(ours.times), peakBytes: ours.peakBytes },
    );
    await peer.stop();
  }
  if (layout.targets === RSTUF.targets && layout.bins === RSTUF.bins) {
    report.figure({
      name: `what RSTUF publishes for this layout (${String(RSTUF.milliseconds / 1000)} s, not measured here), against tufline without Temporal`,
      unit: '×',
      samples: [RSTUF.milliseconds / median(ours.times)],
      goal: { bound: 'at least', value: 10, share: 0.5 },
    });
  }
  await leave(ours);
}

async function enter(directory: string, report: Report, layout: Layout): Promise<Contestant> {
  report.doing(`library: ${inWords(layout)}`);
  const place = join(directory, `library-${String(layout.targets)}-${String(layout.bins)}`);
  const targets = population(layout.targets);
  const own = join(place, 'tufline');
  await makePopulated(own, targets, hashBinsOf(layout), SNAPSHOT_ENTRIES);
  const resident = await startResident(place, {
    directory: own,
    hashBins: hashBinsOf(layout),
    snapshotEntries: SNAPSHOT_ENTRIES,
  });
  return { layout, targets, place, resident, times: [], peakBytes: 0 };
}

async function releaseWith(contestant: Contestant, number: number): Promise<void> {
  const { place, targets, resident, times } = contestant;
  const files = await writeFiles(join(place, 'from', String(number)), targets, number, KILOBYTE);
  const released = await resident.release(files);
  contestant.peakBytes = released.peakBytes;
  if (number >= WARM_UP) times.push(released);
}

async function leave({ place, resident }: Contestant): Promise<void> {
  await resident.stop();
  await rm(place, { recursive: true });
}

/** What was written before is not to be waited for by the fsyncs that are measured. */
async function settle(): Promise<void> {
  await promisify(execFile)('sync');
}

function median(times: readonly ReleaseTimes[]): number {
  return percentile(
    times.map(({ milliseconds }) => milliseconds),
    0.5,
  );
}

function styleOf({ bins }: Layout): 'flat' | 'succinct' {
  return bins > 0 ? 'succinct' : 'flat';
}
