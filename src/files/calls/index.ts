export { access, link, lstat, mkdir, open, readdir, rename, rmdir, stat, unlink } from './calls.js';
export { callDirectlyBelow } from './local.js';
export type { FileAccess } from './open-file.js';
