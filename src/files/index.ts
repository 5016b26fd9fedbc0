export { eachAtOnce } from './at-once.js';
export {
  closeRead,
  fillNew,
  finalName,
  fsyncDirectory,
  linkOnce,
  makeDirectory,
  putOnce,
  readIfPresent,
  removeFile,
  removeTree,
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
  type Digest,
  type HashAlgorithm,
  type StreamOptions,
} from './copy.js';
export { probeLink } from './probe.js';
