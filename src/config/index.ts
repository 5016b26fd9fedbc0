/** `tufline.yaml`. */
export {
  ROLES,
  WORKER_ROLES,
  type Config,
  type HashBinsConfig,
  type RoleConfig,
  type RoleName,
  type TemporalConfig,
  type WorkerRole,
} from './config.js';
export { loadConfig, parseConfig } from './load-config.js';
export { formatDuration, parseDuration } from './duration.js';
export { configSchema } from './schema.js';
