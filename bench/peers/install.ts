import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import envPaths from 'env-paths';
import type { PeerName } from './index.js';

const run = promisify(execFile);
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** How a peer is called, or undefined where what it needs is not installed. */
export function commandOf(name: PeerName): Promise<readonly string[] | undefined> {
  return name === 'python-tuf' ? pythonTuf() : goTuf();
}

async function pythonTuf(): Promise<readonly string[] | undefined> {
  const python = process.env.PYTHON ?? 'python3';
  // -B: leaves no compiled files beside the sources.
  return (await works(python, ['-c', 'import tuf.api.metadata']))
    ? [python, '-B', at('python-tuf/peer.py')]
    : undefined;
}

/** Builds the program. Go keeps what it compiled, so that only the first time takes long. */
async function goTuf(): Promise<readonly string[] | undefined> {
  if (!(await works('go', ['version']))) return undefined;
  const cache = join(envPaths('tufline', { suffix: '' }).cache, 'bench');
  await mkdir(cache, { recursive: true });
  const program = join(cache, 'go-tuf-peer');
  await run('go', ['build', '-trimpath', '-o', program, '.'], { cwd: at('go-tuf') });
  return [program];
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, [...args]).then(
    () => true,
    () => false,
  );
}
