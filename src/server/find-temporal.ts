import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { usage } from '../errors/index.js';
import { cacheDirectory, installTemporal } from './install-temporal.js';

export interface FindOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Lines for a person while something takes long. */
  readonly log: (line: string) => void;
}

/**
 * The `temporal` program: `TEMPORAL_CLI_PATH`, then PATH, then the copy of an earlier run in the user's cache, then
 * the download that Temporal's testing package knows, and last `go install`.
 *
 * @returns its path.
 * @throws usage `temporal-cli-path`, transient `no-temporal-cli` that says what was tried.
 */
export async function findTemporal({ environment, log }: FindOptions): Promise<string> {
  const given = environment['TEMPORAL_CLI_PATH'];
  if (given !== undefined && given !== '') {
    if (await works(given)) return given;
    throw usage(
      'temporal-cli-path',
      `TEMPORAL_CLI_PATH is ${given}, which is no working temporal program.`,
      'Correct or unset it.',
    );
  }
  for (const directory of (environment['PATH'] ?? '').split(delimiter)) {
    const candidate = join(isAbsolute(directory) ? directory : resolve(directory), 'temporal');
    if (directory !== '' && (await isExecutable(candidate)) && (await works(candidate))) return candidate;
  }
  const cached = join(cacheDirectory(environment), 'temporal');
  if (await works(cached)) return cached;
  return installTemporal(cached, { environment, log, works });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Other programs are called `temporal` too: this one knows its development server. */
async function works(path: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(path, ['server', 'start-dev', '--help'], {
      timeout: 10_000,
    });
    return stdout.includes('--db-filename');
  } catch {
    return false;
  }
}
