import type { Config } from '../config/index.js';
import { callDirectlyBelow } from '../files/index.js';
import { directoriesOf, openRepository } from '../repository/index.js';

/** Lets this process make its calls of the file system directly in those directories of the instance that lie on its disks. */
export async function callDirectlyWithin(config: Config): Promise<void> {
  await callDirectlyBelow([
    config.postToTufPath,
    config.inboundPath,
    ...directoriesOf(openRepository(config)),
  ]);
}
