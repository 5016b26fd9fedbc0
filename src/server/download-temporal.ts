import { TestWorkflowEnvironment } from '@temporalio/testing';

/** Runs in a process of its own: `node download-temporal.js DIRECTORY` puts the `temporal` program there. */
const [downloadDir = '.'] = process.argv.slice(2);
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir } },
});
await environment.teardown();
process.exit(0);
