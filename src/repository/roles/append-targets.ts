import { eachAtOnce } from '../../files/index.js';
import type { Signer } from '../../signers/index.js';
import { binsAuthority, rootAuthority, type Authority } from '../authority.js';
import { loadRoot } from '../load-root.js';
import { delegatingTargetsBytes, type DelegatingTargets } from '../metadata/delegations.js';
import { versionedName } from '../metadata/file-name.js';
import { TARGETS_FILE, type HashBins } from '../metadata/hash-bins.js';
import { parseTargetsSigned, targetsBytes, type TargetEntry } from '../metadata/targets.js';
import type { CommitRecord, MetaEntry, ReleaseEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { beginSigning, signRole } from '../signing.js';
import { abandonStage, beginMetadataStage, type MetadataStage } from '../staging/stage.js';
import { appendAndInstall, stageSigned } from './append.js';
import { loadTargets, type CurrentTargets } from './current-targets.js';
import { loadDelegating } from './load-delegating.js';
import type { TargetsSigners } from './targets-signers.js';

/** What the next commit makes. */
export interface NextTargets {
  readonly kind: 'init' | 'release' | 'refresh';
  /** Undefined for the first commit. */
  readonly current: CurrentTargets | undefined;
  readonly hashBins: HashBins | undefined;
  /** Top-level targets metadata that delegates to bins, where that is to be signed. */
  readonly delegating?: Pick<DelegatingTargets, 'bins' | 'keys' | 'role'> & { readonly expires: string };
  /** Files that list targets and are to be signed. */
  readonly files: Iterable<string>;
  readonly expires: (file: string) => string;
  /** Entries to put into a file, by path. */
  readonly changes: (file: string) => Promise<ReadonlyMap<string, TargetEntry>>;
  /** Staged trees of the releases. */
  readonly stages: readonly string[];
  readonly releases: readonly ReleaseEntry[];
}

const NO_ENTRIES = Buffer.alloc(0);
const AT_ONCE = 4;

/**
 * Signs new versions of the files that list targets (§4.5) and commits them by one record.
 * @returns undefined where another record took the number.
 */
export async function appendTargets(
  repository: Repository,
  signers: TargetsSigners,
  next: NextTargets,
): Promise<CommitRecord | undefined> {
  const { kind, current, hashBins, stages, releases } = next;
  const number = (current?.latest.number ?? 0) + 1;
  const stage = await beginMetadataStage(repository, `commit-${String(number)}`);
  const meta: Record<string, MetaEntry> = {};
  let added = 0;
  try {
    if (next.delegating) meta[TARGETS_FILE] = await stageDelegating(repository, signers, stage, next);
    const [authority, keys] = await whoSigns(repository, signers, next);
    await eachAtOnce(next.files, AT_ONCE, async (file) => {
      const signed = await stageTargets(repository, authority, keys, stage, next, file);
      meta[file] = signed.meta;
      added += signed.added;
    });
  } catch (error) {
    await abandonStage(stage).catch(() => undefined);
    throw error;
  }
  const record: CommitRecord = {
    format: 1,
    number,
    kind,
    time: repository.now().toISOString(),
    stages: [...stages, stage.id],
    releases: [...releases],
    meta,
    ...(hashBins ? { hash_bins: hashBins } : {}),
    targets: (current?.state.targets ?? 0) + added,
  };
  return (await appendAndInstall(repository, repository.commits, record, stage)) ? record : undefined;
}

/** Who signs the files that list targets: the bins' keys where there are bins, else those of targets. */
async function whoSigns(
  repository: Repository,
  signers: TargetsSigners,
  { current, hashBins, delegating }: NextTargets,
): Promise<[Authority, readonly Signer[]]> {
  if (!hashBins) return [rootAuthority(await loadRoot(repository), 'targets'), signers.targets];
  const meta = current?.state.meta.get(TARGETS_FILE);
  const delegates = delegating
    ? { ...delegating, version: (meta?.version ?? 0) + 1 }
    : meta && (await loadDelegating(repository, meta));
  if (!delegates) throw new Error('there are bins, so something delegates to them');
  return [binsAuthority(delegates), signers.bins];
}

async function stageDelegating(
  repository: Repository,
  signers: TargetsSigners,
  stage: MetadataStage,
  { current, delegating }: NextTargets,
): Promise<MetaEntry> {
  if (!delegating) throw new Error('nothing delegates');
  const version = (current?.state.meta.get(TARGETS_FILE)?.version ?? 0) + 1;
  const { expires, bins, keys, role } = delegating;
  const authority = rootAuthority(await loadRoot(repository), 'targets');
  const bytes = delegatingTargetsBytes({ version, expires, bins, keys, role });
  const envelope = await signRole(authority, signers.targets, bytes);
  return stageSigned(stage, { name: versionedName(TARGETS_FILE, version), version, expires }, envelope);
}

async function stageTargets(
  repository: Repository,
  authority: Authority,
  keys: readonly Signer[],
  stage: MetadataStage,
  next: NextTargets,
  file: string,
): Promise<{ readonly meta: MetaEntry; readonly added: number }> {
  const before = next.current?.state.meta.get(file);
  const previous = before && (await loadTargets(repository, file, before));
  const version = (before?.version ?? 0) + 1;
  const expires = next.expires(file);
  const changes = await next.changes(file);
  const { signed, added } = targetsBytes({ version, expires }, previous?.entries ?? NO_ENTRIES, changes);
  const { envelope, verified } = await beginSigning(authority, keys, signed);
  const name = versionedName(file, version);
  const meta = await stageSigned(stage, { name, version, expires }, envelope);
  await verified;
  repository.cache.targets.put(file, meta, parseTargetsSigned(envelope, name));
  return { meta, added };
}
