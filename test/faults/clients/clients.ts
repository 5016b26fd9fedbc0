import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BaseFetcher, Updater } from 'tuf-js';
// What a fetcher has to throw, so that the client knows that there is no newer root.
import tufErrors from 'tuf-js/dist/error.js';
import { hasErrno } from '../../../src/errors/index.js';
import type { Files } from '../../support/repository.js';

/** What a client saw: version of its timestamp, and SHA-256 of each target that is listed, downloaded and verified. */
export interface View {
  readonly version: number;
  readonly found: Readonly<Record<string, string>>;
}

/** A TUF client that keeps what it knows in a directory. @throws what it refuses. */
export interface FaultClient {
  readonly name: string;
  look(repositoryPath: string, directory: string, paths: readonly string[]): Promise<View>;
  close(): void;
}

class FileFetcher extends BaseFetcher {
  override async fetch(url: string) {
    const bytes = await readFile(decodeURIComponent(url.replace('file://', ''))).catch((error: unknown) => {
      throw hasErrno(error, 'ENOENT') ? new tufErrors.DownloadHTTPError(`${url} is not there`, 404) : error;
    });
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        if (bytes.length > 0) controller.enqueue(new Uint8Array(bytes));
        controller.close();
      },
    });
  }
}

const tufJs: FaultClient = {
  name: 'tuf-js',
  async look(repositoryPath, directory, paths) {
    const metadataDir = join(directory, 'tuf-js');
    const targetDir = join(directory, 'tuf-js-targets');
    await mkdir(metadataDir, { recursive: true });
    await mkdir(targetDir, { recursive: true });
    const root = await readFile(join(repositoryPath, 'metadata', '1.root.json'));
    await writeFile(join(metadataDir, 'root.json'), root, { flag: 'wx' }).catch(() => undefined);
    const updater = new Updater({
      metadataDir,
      targetDir,
      metadataBaseUrl: `file://${repositoryPath}/metadata`,
      targetBaseUrl: `file://${repositoryPath}/targets`,
      fetcher: new FileFetcher(),
    });
    await updater.refresh();
    const found: Record<string, string> = {};
    for (const path of paths) {
      const info = await updater.getTargetInfo(path);
      if (!info) continue;
      const local = join(targetDir, encodeURIComponent(path));
      await updater.downloadTarget(info, local);
      found[path] = createHash('sha256')
        .update(await readFile(local))
        .digest('hex');
    }
    const text = await readFile(join(metadataDir, 'timestamp.json'), 'utf8');
    return { version: (JSON.parse(text) as { signed: { version: number } }).signed.version, found };
  },
  close: () => undefined,
};

class PythonTuf implements FaultClient {
  readonly name = 'python-tuf';
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string) {
    const script = fileURLToPath(new URL('resident.py', import.meta.url));
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error('no pipe');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async look(repository: string, dir: string, paths: readonly string[]): Promise<View> {
    this.#child.stdin?.write(`${JSON.stringify({ repository, dir, paths })}\n`);
    const line = await this.#lines.next();
    const answer = JSON.parse(line.done ? '{"error":"the client ended"}' : line.value) as View & {
      error?: string;
    };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}

/** tuf-js, and python-tuf where it is installed (with TUFLINE_REQUIRE_ALL it has to be). */
export function startClients(): readonly FaultClient[] {
  const python = process.env.PYTHON ?? 'python3';
  if (hasPythonTuf(python)) return [tufJs, new PythonTuf(python)];
  if (process.env.TUFLINE_REQUIRE_ALL)
    throw new Error('python-tuf is not installed: pip install "tuf>=7,<8"');
  return [tufJs];
}

export function hasPythonTuf(python = process.env.PYTHON ?? 'python3'): boolean {
  return spawnSync(python, ['-c', 'import tuf.ngclient']).status === 0;
}

/** SHA-256 of every file, as a view shows them. */
export function digests(files: Files): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      createHash('sha256').update(content).digest('hex'),
    ]),
  );
}

/**
 * Has every client look, and compares what it sees with the states that it may see: all of one release or of
 * another, never some of each.
 * @returns sentences about what it should not have seen.
 */
export async function lookWith(
  clients: readonly FaultClient[],
  repositoryPath: string,
  directory: string,
  allowed: readonly Files[],
): Promise<string[]> {
  const states = allowed.map((files) => canonical(digests(files)));
  const paths = [...new Set(allowed.flatMap((files) => Object.keys(files)))];
  const found: string[] = [];
  for (const client of clients) {
    try {
      const view = await client.look(repositoryPath, directory, paths);
      if (!states.includes(canonical(view.found))) {
        found.push(`${client.name} sees ${canonical(view.found)} at version ${String(view.version)}`);
      }
    } catch (error) {
      found.push(`${client.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

function canonical(found: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}
