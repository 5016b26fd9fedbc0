import { join } from 'node:path';
import { digestOf, eachAtOnce, readIfPresent } from '../../files/index.js';
import { expiresAt, timeLeft } from '../expiry.js';
import { parseEnvelope } from '../metadata/envelope.js';
import { versionedName } from '../metadata/file-name.js';
import { parseTargets, targetsBytes } from '../metadata/targets.js';
import type { HashBins } from '../metadata/hash-bins.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { stageSigned } from '../roles/append.js';
import { mustLoadPublished } from '../roles/load-published.js';
import { spreadExpiry } from '../roles/spread-expiry.js';
import { countSignatures, signRole } from '../signing.js';
import type { JournalLine, MadeFile } from './journal.js';
import type { LayoutAuthority } from './layout-authority.js';
import { countEntries, mergeEntries, splitEntries, type Split } from './move-entries.js';
import type { ResizeStage } from './resize-stage.js';
import type { Unit } from './units.js';

/** What the units of a resize are made from and for. */
export interface Making {
  readonly repository: Repository;
  readonly stage: ResizeStage;
  readonly to: HashBins | undefined;
  readonly by: LayoutAuthority;
  /** The commits up to some number, as they were then. */
  readonly state: TargetsState;
}

const NO_CHANGES = new Map<string, never>();
const FILES_AT_ONCE = 8;

/** Whether what was made of a unit is still what has to be published. */
export function isUpToDate({ repository, state, to }: Making, unit: Unit, line: JournalLine): boolean {
  return (
    unit.sources.every((source) => line.sources[source] === state.meta.get(source)?.version) &&
    unit.files.every((file) => {
      const made = line.files[file];
      // Files of the old layout may have this name too.
      const isNext = made?.version === nextVersion(state, file);
      return isNext && isFresh(repository, to, made.expires);
    })
  );
}

/** The files of an earlier attempt that are whole, and signed by whoever has to. */
export async function keepWhole({ stage, by }: Making, line: JournalLine): Promise<JournalLine> {
  const files: Record<string, MadeFile> = {};
  await eachAtOnce(Object.entries(line.files), FILES_AT_ONCE, async ([file, made]) => {
    const name = versionedName(file, made.version);
    const bytes = await readIfPresent(join(stage.path, name));
    if (!bytes || digestOf(bytes, ['sha256']).hashes.sha256 !== made.hashes.sha256) return;
    if ((await countSignatures(by.authority, parseEnvelope(bytes, name))) < by.authority.threshold) return;
    files[file] = made;
  });
  return { ...line, files };
}

/**
 * Moves the targets of a unit from the published files of the old layout into signed files of the new one. Bytes of
 * entries are copied as they are.
 * @param before what was made of it, of files that are whole: those that come out the same stay.
 */
export async function makeUnit(
  making: Making,
  unit: Unit,
  before: JournalLine | undefined,
): Promise<JournalLine> {
  const { state, to } = making;
  const sources: Record<string, number> = {};
  const lists: Buffer[] = [];
  await eachAtOnce(unit.sources.entries(), FILES_AT_ONCE, async ([index, source]) => {
    const meta = state.meta.get(source);
    if (!meta) throw new Error(`no record names ${source}`);
    sources[source] = meta.version;
    lists[index] = await readEntries(making.repository, source, meta);
  });
  const { count, entriesOf } = await spread(await mergeEntries(lists), unit, to);
  const files: Record<string, MadeFile> = {};
  const first = unit.number * unit.files.length;
  await eachAtOnce(unit.files.entries(), FILES_AT_ONCE, async ([index, file]) => {
    files[file] = await makeFile(making, file, entriesOf(first + index), before?.files[file]);
  });
  return { unit: unit.number, sources, files, targets: count };
}

async function spread(entries: Buffer, { files }: Unit, to: HashBins | undefined): Promise<Split> {
  if (to && files.length > 1) return splitEntries(entries, to);
  return { count: await countEntries(entries), entriesOf: () => entries };
}

async function makeFile(
  { repository, stage, state, to, by }: Making,
  file: string,
  entries: Buffer,
  before: MadeFile | undefined,
): Promise<MadeFile> {
  const version = nextVersion(state, file);
  const sha256 = digestOf(entries, ['sha256']).hashes.sha256 ?? '';
  const isSame = before?.version === version && before.entries === sha256;
  if (isSame && isFresh(repository, to, before.expires)) return before;
  if (before && before.version !== version) await stage.makeRoom(versionedName(file, before.version));
  const { bins, targets } = repository.options.roles;
  const now = repository.now();
  const expires = to ? spreadExpiry(now, bins.expiry, file) : expiresAt(now, targets.expiry);
  const { signed } = targetsBytes({ version, expires }, entries, NO_CHANGES);
  const envelope = await signRole(by.authority, by.signers, signed);
  const name = versionedName(file, version);
  await stage.makeRoom(name);
  return { ...(await stageSigned(stage, { name, version, expires }, envelope)), entries: sha256 };
}

/** An attempt may go on after weeks: what would have to be signed anew right away is made anew. */
function isFresh({ options, now }: Repository, to: HashBins | undefined, expires: string): boolean {
  const { expiry, refreshBefore } = options.roles[to ? 'bins' : 'targets'];
  // Never more than what a file has that was just made, or it would never do.
  return timeLeft(expires, now()) > Math.min(refreshBefore, expiry / 2);
}

function nextVersion({ meta }: TargetsState, file: string): number {
  return (meta.get(file)?.version ?? 0) + 1;
}

/** Not kept in memory: each is needed once, and what releases need shall stay there. */
async function readEntries(
  repository: Repository,
  file: string,
  meta: Parameters<typeof mustLoadPublished>[2],
): Promise<Buffer> {
  const cached = repository.cache.targets.get(file, meta);
  if (cached) return cached.entries;
  const bytes = await mustLoadPublished(repository, file, meta);
  return parseTargets(bytes, versionedName(file, meta.version)).entries;
}
