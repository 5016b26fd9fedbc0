import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import envPaths from 'env-paths';
import { TuflineError } from '../errors/index.js';
import { makeDirectory } from '../files/index.js';
import { withInstallLock } from './install-lock.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface InstallOptions {
  readonly environment: Environment;
  readonly log: (line: string) => void;
  readonly works: (path: string) => Promise<boolean>;
}

/** Later tags cannot be installed this way: their go.mod has a replace. */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
/** A download that shows no byte for this long is given up. */
const PATIENCE = 8000;

/** `~/.cache/tufline` or what the system has in its place; TUFLINE_CACHE goes before. */
export function cacheDirectory(environment: Environment): string {
  const given = environment['TUFLINE_CACHE'];
  return given !== undefined && given !== '' ? given : envPaths('tufline', { suffix: '' }).cache;
}

/** Puts the `temporal` program at `target`. Of several processes that need it at once, one installs it. */
export async function installTemporal(target: string, options: InstallOptions): Promise<string> {
  const cache = cacheDirectory(options.environment);
  await makeDirectory(cache);
  return withInstallLock(cache, options.log, async () => {
    if (await options.works(target)) return target;
    const directory = await mkdtemp(join(cache, 'install-'));
    try {
      const failures: string[] = [];
      for (const [way, install] of [
        ['download', download],
        ['go install', goInstall],
      ] as const) {
        try {
          const program = await install(directory, options);
          if (!(await options.works(program))) throw new Error('what was installed does not run');
          await rename(program, target);
          return target;
        } catch (error) {
          failures.push(
            `${way}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
          );
        }
      }
      throw noTemporal(failures);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** The testing package downloads the program while it starts a server; that runs in a process that can be ended. */
async function download(directory: string, { log }: InstallOptions): Promise<string> {
  log('Downloading the Temporal development server (once; it stays in the cache) …');
  const module = fileURLToPath(new URL('./download-temporal.js', import.meta.url));
  const source = import.meta.url.endsWith('.ts') ? module.replace(/\.js$/, '.ts') : module;
  const child = spawn(process.execPath, [...process.execArgv, source, directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-500)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let size = -1;
  for (;;) {
    const outcome = await Promise.race([ended, sleep(PATIENCE, 'slow' as const)]);
    if (outcome === 0) break;
    if (outcome !== 'slow') throw new Error(complaint.trim().split('\n').at(-1) ?? 'it failed');
    const now = await sizeOf(directory);
    if (now <= Math.max(size, 0)) {
      child.kill('SIGKILL');
      await ended;
      throw new Error('no answer');
    }
    size = now;
  }
  const [program] = (await readdir(directory)).filter((name) => name.startsWith('temporal'));
  if (program === undefined) throw new Error('it left no program');
  return join(directory, program);
}

async function goInstall(directory: string, { environment, log }: InstallOptions): Promise<string> {
  const run = promisify(execFile);
  try {
    await run('go', ['version']);
  } catch {
    throw new Error('there is no Go on this machine');
  }
  log(
    'There is no download. Building the Temporal development server with Go (once, about 3 minutes on two cores) …',
  );
  const begun = Date.now();
  const ticker = setInterval(() => {
    log(`… still building, ${String(Math.round((Date.now() - begun) / 1000))} s`);
  }, 30_000);
  try {
    await run('go', ['install', GO_MODULE], {
      env: { ...environment, GOBIN: directory, GOFLAGS: '' },
      maxBuffer: 1 << 26,
    });
  } finally {
    clearInterval(ticker);
  }
  return join(directory, 'temporal');
}

async function sizeOf(directory: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(directory))
    total += (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0;
  return total;
}

function noTemporal(failures: readonly string[]): TuflineError {
  return new TuflineError({
    code: 'no-temporal-cli',
    kind: 'transient',
    message: `There is no Temporal development server on this machine, and it could not be installed (${failures.join('; ')}).`,
    remedy:
      'Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.24 or later, or set TEMPORAL_ADDRESS to a server that runs.',
  });
}
