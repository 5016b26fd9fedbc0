/** `dev` and `server`: an instance with everything it needs, on one machine. */
export { runDev, runServer, type DevOptions } from './run-dev.js';
export { LEAN_ENVIRONMENT, nodeFlags } from './lean.js';
