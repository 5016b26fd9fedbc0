export { eachAtOnce } from './at-once.js';
export {
  access,
  callDirectlyBelow,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
  type FileAccess,
} from './calls/index.js';
export {
  abandonNew,
  closeRead,
  createNew,
  fillNew,
  finalName,
  finishFile,
  fsyncDirectory,
  linkOnce,
  makeDirectories,
  makeDirectory,
  putOnce,
  removeFile,
  renameFile,
  replaceFile,
  sweepTemporary,
  temporaryPath,
  writeAll,
  writeNew,
  type Bytes,
} from './durable.js';
export {
  copyHashing,
  digestOf,
  hashFile,
  Hasher,
  type Digest,
  type HashAlgorithm,
  type StreamOptions,
} from './copy.js';
export { readIfPresent } from './read.js';
export { removeTree } from './remove-tree.js';
export { fillTree, type Filled } from './tree/fill-tree.js';
export type { FillOptions, TreeFile, TreeSource } from './tree/fill.js';
export { JOURNAL_FILE, journalSubject } from './tree/journal.js';
export { probeLink } from './probe.js';
