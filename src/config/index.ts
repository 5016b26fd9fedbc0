/** `tufline.yaml`. */
export {
  ROLES,
  TOP_LEVEL_ROLES,
  WORKER_ROLES,
  type Config,
  type HashBinsConfig,
  type HashBinsStyle,
  type RoleConfig,
  type RoleName,
  type TemporalConfig,
  type TopLevelRole,
  type WorkerRole,
} from './config.js';
export { loadConfig, parseConfig } from './load-config.js';
export { formatDuration, parseDuration } from './duration.js';
export { configSchema } from './schema.js';
