/** `dev` and `server`: an instance with everything it needs, on one machine. */
export { runDev, runServer, type DevOptions } from './run-dev.js';
export { nodeFlags } from './node-flags.js';
