/** The embedded Temporal server: finding or installing it, starting it, and ending it for certain. */
export { findTemporal, type FindOptions } from './find-temporal.js';
export { startServer, type RunningServer, type StartOptions } from './start-server.js';
export { freePort } from './ports.js';
export { SETTINGS, type ServerSettings } from './settings.js';
