/** The workflows, for the bundle: `scan` starts a `release` per ready directory and a `refresh` where one is due. */
export { prune } from './prune.js';
export { refresh } from './refresh.js';
export { release } from './release.js';
export { resize } from './resize.js';
export { scan } from './scan.js';
