import type { WorkerRole } from '../config/index.js';

/**
 * How Node is started for the worker of a role: a fifth to a quarter less memory, for a tenth more time in its own code
 * (docs/performance.md). Not for the targets worker, which has most to do of its own.
 */
export function nodeFlags(role: WorkerRole): readonly string[] {
  return role === 'targets' ? [] : ['--optimize-for-size'];
}
