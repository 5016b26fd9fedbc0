import { permanent } from '../../errors/index.js';
import { rootAuthority } from '../authority.js';
import { expiresAt } from '../expiry.js';
import { loadRoot } from '../load-root.js';
import { delegatingTargetsBytes } from '../metadata/delegations.js';
import { versionedName } from '../metadata/file-name.js';
import { isSameLayout, TARGETS_FILE, type HashBins } from '../metadata/hash-bins.js';
import type { CommitRecord, MetaEntry } from '../records/records.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import { stageSigned } from '../roles/append.js';
import { currentTargets } from '../roles/current-targets.js';
import type { TargetsSigners } from '../roles/targets-signers.js';
import { signRole } from '../signing.js';
import { redo } from '../staging/install.js';
import { layoutAuthority, type LayoutAuthority } from './layout-authority.js';
import { namesOf, type UnitWork } from './unit-work.js';

/**
 * Catches up with the newest commit and switches to the new layout: one record names all of its files. Where another
 * record takes the number, it catches up with that one.
 * @returns undefined where the layout is not `from` any more.
 */
export async function commitLayout(
  repository: Repository,
  signers: TargetsSigners,
  work: UnitWork,
  from: HashBins | undefined,
  to: HashBins | undefined,
): Promise<CommitRecord | undefined> {
  const { stage } = work;
  for (;;) {
    const { latest, state } = await currentTargets(repository);
    if (!isSameLayout(state.hashBins, from)) return undefined;
    const by = await layoutAuthority(repository, signers, state, to);
    await work.make(work.stale(state, by), state, by);
    const { meta, targets } = work.result();
    // The last chance to see that something got lost: afterwards it is published.
    if (work.hasUnits && targets !== state.targets) throw countDiffers(targets, state.targets);
    const top = to ? { [TARGETS_FILE]: await stageDelegating(repository, signers, work, state, by) } : {};
    const all: Record<string, MetaEntry> = { ...top, ...meta };
    await stage.keepOnly(namesOf(all));
    const record: CommitRecord = {
      format: 1,
      number: latest.number + 1,
      kind: 'resize',
      time: repository.now().toISOString(),
      stages: [stage.idWhenSealed(latest.number + 1)],
      releases: [],
      meta: all,
      ...(to ? { hash_bins: to } : {}),
      targets: state.targets,
    };
    if (await append(repository, work, record)) return record;
  }
}

async function append(repository: Repository, { stage }: UnitWork, record: CommitRecord): Promise<boolean> {
  // Once a link was tried the record may be there, whatever the answer: then the stage stays under the name it gives.
  const isTruth = await repository.commits.append(record, () => stage.seal());
  if (!isTruth) {
    await stage.unseal();
    return false;
  }
  await redo(repository, record);
  repository.cache.completed.set(repository.commits.directory, record.number);
  return true;
}

async function stageDelegating(
  repository: Repository,
  signers: TargetsSigners,
  { stage }: UnitWork,
  state: TargetsState,
  { delegating }: LayoutAuthority,
): Promise<MetaEntry> {
  if (!delegating) throw new Error('nothing delegates to the bins');
  const version = (state.meta.get(TARGETS_FILE)?.version ?? 0) + 1;
  const expires = expiresAt(repository.now(), repository.options.roles.targets.expiry);
  const authority = rootAuthority(await loadRoot(repository), 'targets');
  const signed = delegatingTargetsBytes({ version, expires, ...delegating });
  const envelope = await signRole(authority, signers.targets, signed);
  const name = versionedName(TARGETS_FILE, version);
  await stage.makeRoom(name);
  return stageSigned(stage, { name, version, expires }, envelope);
}

function countDiffers(made: number, recorded: number) {
  return permanent(
    'count-differs',
    `The metadata lists ${String(made)} targets, but its record says ${String(recorded)}.`,
    'Something is damaged, and nothing was changed: "tufline verify" says what.',
  );
}
