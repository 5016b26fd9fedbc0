import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The programs that the matrices start. */
export interface Programs {
  /** The library that is preloaded into a worker. */
  readonly shim: string;
  /** The bare worker, in one file: it starts in a tenth of a second. */
  readonly worker: string;
}

/** Builds them into a directory, unless they are there. */
export async function buildPrograms(directory: string): Promise<Programs> {
  await mkdir(directory, { recursive: true });
  const programs = { shim: join(directory, 'shim.so'), worker: join(directory, 'worker.mjs') };
  if (await exists(programs.worker)) return programs;
  const source = fileURLToPath(new URL('../shim/shim.c', import.meta.url));
  await promisify(execFile)('cc', [
    '-O1',
    '-shared',
    '-fPIC',
    '-o',
    programs.shim,
    source,
    '-ldl',
    '-lpthread',
  ]);
  await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    outfile: programs.worker,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    minify: true,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return programs;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
