import type { WorkerRole } from '../config/index.js';

/**
 * How Node is started for the worker of a role: a fifth to a quarter less memory, for a tenth more time in its own code
 * (docs/performance.md). Not for the targets worker, which has most to do of its own.
 */
export function nodeFlags(role: WorkerRole): readonly string[] {
  return role === 'targets' ? [] : ['--optimize-for-size'];
}

/**
 * What is set in the environment of every worker, unless it is there: glibc keeps memory apart for as many as eight threads of each core,
 * and the threads of a worker need little at once. A tenth less memory for nothing that could be measured.
 */
export const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const;
