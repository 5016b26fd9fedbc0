export {
  TuflineError,
  permanent,
  usage,
  type FailureKind,
  type TuflineErrorOptions,
} from './tufline-error.js';
export { errnoName, hasErrno, ioError, isSystemError } from './errno.js';
