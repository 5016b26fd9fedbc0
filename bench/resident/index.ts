import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { z } from 'zod';
import { LEAN_ENVIRONMENT, nodeFlags } from '../../src/dev/index.js';
import type { HashBins } from '../../src/repository/index.js';
import { openDialogue } from '../peers/dialogue.js';

/** What the process opens: a repository that `makePopulated` has made. */
export interface Opening {
  readonly directory: string;
  readonly hashBins: HashBins | undefined;
  readonly snapshotEntries: 'full' | 'version';
}

/** Milliseconds of one release and of its parts. */
export interface ReleaseTimes {
  readonly stage: number;
  readonly targets: number;
  readonly snapshot: number;
  readonly timestamp: number;
  readonly milliseconds: number;
}

/** The repository library of tufline, without Temporal, in a process that stays. */
export interface Resident {
  readonly release: (
    files: readonly (readonly [from: string, path: string])[],
  ) => Promise<ReleaseTimes & { readonly peakBytes: number }>;
  readonly stop: () => Promise<void>;
}

const Released = z.object({
  stage: z.number(),
  targets: z.number(),
  snapshot: z.number(),
  timestamp: z.number(),
  milliseconds: z.number(),
  peakBytes: z.number(),
});

/** @param workshop directory into which the program is built, as one file: what loads TypeScript needs memory too. */
export async function startResident(workshop: string, opening: Opening): Promise<Resident> {
  const program = join(workshop, 'resident.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('process.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  // As workers are started.
  const command = [process.execPath, ...nodeFlags('snapshot'), program];
  const { ask, stop } = openDialogue('the resident library', command, LEAN_ENVIRONMENT);
  await ask(opening);
  return { release: async (files) => Released.parse(await ask(files)), stop };
}
