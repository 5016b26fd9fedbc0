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
  /** What starts the bare worker, which is one file beside it. */
  readonly worker: string;
}

/** Builds them into a directory, unless they are there. */
export async function buildPrograms(directory: string): Promise<Programs> {
  await mkdir(directory, { recursive: true });
  const programs = { shim: join(directory, 'shim.so'), worker: join(directory, 'launch.cjs') };
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
    entryPoints: ['worker.ts', 'launch.ts'].map((name) => fileURLToPath(new URL(name, import.meta.url))),
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    minify: true,
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
