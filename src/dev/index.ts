/** `dev` and `server`: an instance with everything it needs, on one machine. */
export { runDev, runServer, type DevOptions } from './run-dev.js';
