import type { Pruned, PruneOptions } from '../repository/index.js';
import type { PruneRequest, PruneResult } from '../workflows/messages.js';
import { runStep } from './step.js';

/** Runs the pruning of one role as an activity: what is removed is counted in the heartbeats. */
export function prunes(
  run: (options: PruneOptions) => Promise<Pruned>,
): (request: PruneRequest) => Promise<PruneResult> {
  return ({ olderThan }) =>
    runStep({ rollForward: true }, ({ signal, addBytes, addFile }) =>
      run({
        signal,
        onFile: (path, bytes) => {
          addFile(path);
          addBytes(bytes);
        },
        ...(olderThan === undefined ? {} : { olderThan }),
      }),
    );
}
