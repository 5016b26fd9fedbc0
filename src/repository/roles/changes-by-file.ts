import { fileOf, type HashBins } from '../metadata/hash-bins.js';
import type { StagedRelease } from '../staging/stage-release.js';

/** Paths of releases that one metadata file lists, in the order of the releases. */
export type FileChanges = { readonly release: StagedRelease; readonly path: string }[];

/** The paths of releases by the metadata file that lists them; within a file in the order of the releases. */
export function groupByFile(
  hashBins: HashBins | undefined,
  releases: readonly StagedRelease[],
): Map<string, FileChanges> {
  const files = new Map<string, FileChanges>();
  for (const release of releases) {
    for (const path of release.targets.keys()) {
      const file = fileOf(hashBins, path);
      const changes = files.get(file);
      if (changes) changes.push({ release, path });
      else files.set(file, [{ release, path }]);
    }
  }
  return files;
}
