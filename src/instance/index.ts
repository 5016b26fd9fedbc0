/** An instance on disk: making one, and the mark that a running server leaves in it. */
export {
  checkBinCount,
  initInstance,
  PASSPHRASE_VARIABLE,
  rootKeyNotice,
  type InitOptions,
  type InitResult,
} from './init.js';
export {
  announceServer,
  leaveInstance,
  readServerMark,
  serverDirectory,
  takeInstance,
  type ServerMark,
} from './mark.js';
export { setHashBins, withHashBins } from './set-hash-bins.js';
