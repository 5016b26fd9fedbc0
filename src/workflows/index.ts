/** The workflows, for the bundle: `scan` starts a `release` per ready directory and a `refresh` where one is due. */
export { refresh } from './refresh.js';
export { release } from './release.js';
export { scan } from './scan.js';
