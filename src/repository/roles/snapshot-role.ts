import type { Signer } from '../../signers/index.js';
import { rootAuthority } from '../authority.js';
import { expiresAt, timeLeft } from '../expiry.js';
import { loadRoot } from '../load-root.js';
import { versionedName } from '../metadata/file-name.js';
import { META_FORM, type ListedMeta } from '../metadata/meta-entries.js';
import { listRaw } from '../metadata/entries.js';
import { parseSnapshotSigned, snapshotBytes } from '../metadata/snapshot.js';
import type { MetaEntry, SnapshotRecord } from '../records/records.js';
import type { Repository } from '../repository.js';
import { beginSigning } from '../signing.js';
import { abandonStage, beginMetadataStage } from '../staging/stage.js';
import { appendAndInstall, completeLatest, stageSigned } from './append.js';
import { mustLoadSnapshot } from './load-snapshot.js';
import { newestCommit, type IncludedCommit } from './newest-commit.js';

export interface SnapshotOptions {
  /** Number of a commit that the snapshot has to include. */
  readonly atLeastCommit?: number;
  /** Sign a new version where less than `refreshBefore` is left, also if nothing changed. */
  readonly renew?: boolean;
}

const SNAPSHOT_FILE = 'snapshot.json';
const NO_ENTRIES = Buffer.alloc(0);

/**
 * Brings the snapshot (§4.4) up to the newest commit that is in place, after verifying what it includes:
 * the recorded hash, the threshold of signatures, no rollback, not expired (G6).
 *
 * @returns the newest record; nothing is signed where it includes the wanted commit already.
 * @throws transient `targets-not-in-place`, `record-not-visible`; permanent `malformed-metadata`, `rollback`,
 *   `expired-metadata`.
 */
export async function updateSnapshot(
  repository: Repository,
  signers: readonly Signer[],
  { atLeastCommit = 1, renew = false }: SnapshotOptions = {},
): Promise<SnapshotRecord> {
  for (;;) {
    const [latest, root] = await Promise.all([
      completeLatest(repository, repository.snapshots),
      loadRoot(repository),
    ]);
    if (latest && !needsWork(repository, latest, atLeastCommit, renew)) return latest;
    const before = latest && (await mustLoadSnapshot(repository, latest.meta[SNAPSHOT_FILE]));
    const included = await newestCommit(repository, root, atLeastCommit, latest, before);
    const version = (latest?.meta[SNAPSHOT_FILE].version ?? 0) + 1;
    const number = (latest?.number ?? 0) + 1;
    const now = repository.now();
    const expires = expiresAt(now, repository.options.roles.snapshot.expiry);
    const [entries, changes] = await whatToList(repository, before?.entries ?? NO_ENTRIES, included);
    const signed = snapshotBytes({ version, expires }, entries, changes);
    const { envelope, verified } = await beginSigning(rootAuthority(root, 'snapshot'), signers, signed);
    const name = versionedName(SNAPSHOT_FILE, version);
    const stage = await beginMetadataStage(repository, `snapshot-${String(number)}`);
    const meta = await stageSigned(stage, { name, version, expires }, envelope).catch(
      async (error: unknown) => {
        await abandonStage(stage).catch(() => undefined);
        throw error;
      },
    );
    const record: SnapshotRecord = {
      format: 1,
      number,
      time: now.toISOString(),
      stages: [stage.id],
      commit: included.commit.number,
      meta: { [SNAPSHOT_FILE]: meta },
    };
    // What it lists is made durable with itself, before a timestamp can show it.
    if (!(await appendAndInstall(repository, repository.snapshots, record, stage, () => verified))) continue;
    repository.cache.snapshots.put(SNAPSHOT_FILE, meta, parseSnapshotSigned(envelope, name));
    return record;
  }
}

function needsWork(
  repository: Repository,
  latest: SnapshotRecord,
  atLeastCommit: number,
  renew: boolean,
): boolean {
  if (latest.commit < atLeastCommit) return true;
  const left = timeLeft(latest.meta[SNAPSHOT_FILE].expires, repository.now());
  return renew && left < repository.options.roles.snapshot.refreshBefore;
}

/** The entries to start from and those to put in. Where the setting has changed, all are written anew. */
async function whatToList(
  repository: Repository,
  entries: Buffer,
  { commit, changed }: IncludedCommit,
): Promise<[Buffer, [string, ListedMeta][]]> {
  const list = (meta: ReadonlyMap<string, MetaEntry>): [string, ListedMeta][] =>
    [...meta].map(([name, entry]) => [name, listed(repository, name, entry)]);
  if (isInForm(repository, entries)) return [entries, list(changed)];
  const state = await repository.targetsState.upTo(commit);
  return [NO_ENTRIES, list(state.meta)];
}

/** What the snapshot says of a file: of bins by setting only the version. */
function listed({ options }: Repository, name: string, meta: MetaEntry): ListedMeta {
  const { version, length, hashes } = meta;
  return name === 'targets.json' || options.hashBins.snapshotEntries === 'full'
    ? { version, length, hashes }
    : { version };
}

/** Whether the bins are listed as the setting wants it: the first of them tells. */
function isInForm({ options }: Repository, entries: Buffer): boolean {
  const [first] = listRaw(META_FORM, entries);
  if (!first || first.key.equals(Buffer.from('targets.json'))) return true;
  return first.bytes.includes('"hashes"') === (options.hashBins.snapshotEntries === 'full');
}
