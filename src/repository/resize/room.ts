import { statfs } from 'node:fs/promises';
import { TuflineError } from '../../errors/index.js';
import type { TargetsState } from '../records/targets-state.js';
import type { Repository } from '../repository.js';
import type { ResizeStage } from './resize-stage.js';
import type { Unit } from './units.js';

/** A file fills its last block only in part, and carries a signature of its own. */
const EACH_FILE = 4096 + 512;
/** Left for releases. */
const SPARE = 1.1;

/**
 * A resize needs room for all targets metadata once more. Looked at before, as releases would be what is held up.
 * @throws transient `no-room`
 */
export async function checkRoom(
  { paths }: Repository,
  { meta }: Pick<TargetsState, 'meta'>,
  units: readonly Unit[],
  stage: ResizeStage,
): Promise<void> {
  const left = units.filter(({ number }) => !stage.lines.has(number));
  let wanted = 0;
  for (const { sources, files } of left) {
    for (const source of sources) wanted += meta.get(source)?.length ?? 0;
    wanted += files.length * EACH_FILE;
  }
  // A file system that does not tell has nothing to be refused for.
  const found = await statfs(paths.staging).catch(() => undefined);
  if (!found || found.blocks === 0) return;
  const free = found.bavail * found.bsize;
  if (free >= wanted * SPARE) return;
  throw new TuflineError({
    code: 'no-room',
    kind: 'transient',
    message: `The new layout needs ${megabytes(wanted * SPARE)} of room in ${paths.staging}, and there are ${megabytes(free)}.`,
    remedy: 'Free space on that file system; the step is tried again by itself.',
    path: paths.staging,
  });
}

function megabytes(bytes: number): string {
  return `${String(Math.ceil(bytes / 1e6))} MB`;
}
