import { execFile, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../src/server/install-temporal.js';
import { downloadWith, type ClientDriver } from './client-driver.js';
import { downloadWithTufJs } from './tuf-js-client.js';

/** How the targets are spread over metadata. Not every client reads every style. */
export type Style = 'flat' | 'path_hash_prefixes' | 'succinct';

/** A published TUF client library. */
export interface Client {
  readonly name: string;
  readonly styles: readonly Style[];
  /** What has to be installed before it can run here. */
  readonly missing: () => string | undefined;
  /** As `downloadWith`, which see. */
  download(
    baseUrl: string,
    repositoryPath: string,
    directory: string,
    paths: readonly string[],
  ): Promise<ReadonlyMap<string, Buffer>>;
}

const SOURCES = fileURLToPath(new URL('../clients', import.meta.url));
const run = promisify(execFile);

const tufJs: Client = {
  name: 'tuf-js',
  styles: ['flat', 'path_hash_prefixes', 'succinct'],
  missing: () => undefined,
  async download(...where) {
    return downloadWithTufJs(...where).catch((error: unknown) => {
      throw new Error(`tuf-js: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
  },
};

const pythonTuf = withDriver({
  name: 'python-tuf',
  styles: ['flat', 'path_hash_prefixes', 'succinct'],
  missing: () =>
    runs('python3', '-c', 'import tuf.ngclient') ? undefined : 'python-tuf (pip install "tuf>=7,<8")',
  build: () =>
    Promise.resolve({ command: 'python3', parameters: ['-B', join(SOURCES, 'python', 'client.py')] }),
});

// It compares path_hash_prefixes with the hash in base64, so that it finds nothing in such bins.
const goTuf = withDriver({
  name: 'go-tuf',
  styles: ['flat', 'succinct'],
  missing: () => needs('GO_TUF_CLIENT_PATH', 'go', 'version'),
  build: () =>
    built('GO_TUF_CLIENT_PATH', async (cache) => {
      const program = join(cache, 'go-tuf-client');
      await run('go', ['build', '-o', program, '.'], { cwd: join(SOURCES, 'go') });
      return program;
    }),
});

const tough = withDriver({
  name: 'tough',
  styles: ['flat', 'path_hash_prefixes'],
  missing: () => needs('TOUGH_CLIENT_PATH', 'cargo', '--version'),
  build: () =>
    built('TOUGH_CLIENT_PATH', async (cache) => {
      const target = join(cache, 'rust');
      await run('cargo', ['build', '--quiet', '--release', '--locked', '--target-dir', target], {
        cwd: join(SOURCES, 'rust'),
      });
      return join(target, 'release', 'tough-client');
    }),
});

export const CLIENTS: readonly Client[] = [tufJs, pythonTuf, goTuf, tough];

interface DriverClient extends Pick<Client, 'name' | 'styles' | 'missing'> {
  readonly build: () => Promise<ClientDriver>;
}

/** A client whose driver is built when it is used first. */
function withDriver({ name, styles, missing, build }: DriverClient): Client {
  let driver: Promise<ClientDriver> | undefined;
  return {
    name,
    styles,
    missing,
    async download(...where) {
      driver ??= build();
      return downloadWith(await driver, ...where);
    },
  };
}

/** The program that the environment names, or one built in the cache: building tough takes minutes the first time. */
async function built(variable: string, build: (cache: string) => Promise<string>): Promise<ClientDriver> {
  const given = process.env[variable];
  if (given) return { command: given, parameters: [] };
  const cache = join(cacheDirectory(process.env), 'clients');
  await mkdir(cache, { recursive: true });
  return { command: await build(cache), parameters: [] };
}

function needs(variable: string, program: string, ...parameters: string[]): string | undefined {
  return process.env[variable] || runs(program, ...parameters) ? undefined : `${program}, or ${variable}`;
}

function runs(program: string, ...parameters: string[]): boolean {
  return spawnSync(program, parameters).status === 0;
}
