/** An instance on disk: making one, and the mark that a running server leaves in it. */
export { initInstance, type InitOptions, type InitResult } from './init.js';
