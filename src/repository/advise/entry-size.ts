import { parseTargets, listEntries } from '../metadata/targets.js';
import { versionedName } from '../metadata/file-name.js';
import { targetsFiles } from '../metadata/hash-bins.js';
import type { Repository } from '../repository.js';
import { mustLoadPublished } from '../roles/load-published.js';

/** So many files tell enough. */
const AT_MOST = 16;

/** Bytes of a target in the metadata of this repository, on average and with its comma; undefined where there is none. */
export async function measuredEntry(repository: Repository): Promise<number | undefined> {
  const latest = await repository.commits.latest();
  if (!latest) return undefined;
  const { hashBins, meta } = await repository.targetsState.at(latest);
  const files = [...targetsFiles(hashBins)].slice(0, AT_MOST).flatMap((file) => {
    const known = meta.get(file);
    return known ? [[file, known] as const] : [];
  });
  let bytes = 0;
  let targets = 0;
  for (const [file, known] of files) {
    const { entries } = parseTargets(
      await mustLoadPublished(repository, file, known),
      versionedName(file, known.version),
    );
    bytes += entries.length;
    for (const _ of listEntries(entries)) targets++;
  }
  return targets === 0 ? undefined : Math.round((bytes / targets) * 10) / 10;
}
