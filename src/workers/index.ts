/** Processes that do the steps: one per role, each on its own task queue and with its own key. */
export { runWorkers, type RunOptions } from './run-workers.js';
export { buildWorkflowBundle, loadWorkflowBundle } from './workflow-bundle.js';
export { replayHistory, type Replayed } from './replay.js';
