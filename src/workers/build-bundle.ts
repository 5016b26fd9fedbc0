import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildWorkflowBundle, BUNDLE_FILE } from './workflow-bundle.js';

/** Part of the build: the workflows as one file, so that a worker need not bundle them at every start. */
await writeFile(fileURLToPath(BUNDLE_FILE), await buildWorkflowBundle());
