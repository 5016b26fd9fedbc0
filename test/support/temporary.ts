import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from './lifetime.js';

/** A directory of this test's own, removed when the test ends. */
export async function temporaryDirectory(test: Lifetime): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tufline-test-'));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
