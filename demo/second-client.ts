import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface SecondClient {
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const DRIVERS = fileURLToPath(new URL('../test/clients', import.meta.url));
const IMPORT = 'import tuf, sys; sys.exit(0 if int(tuf.__version__.split(".")[0]) >= 6 else 1)';

/**
 * A client in another language: python-tuf, which is installed for the demo where Python has it not, or go-tuf.
 * @param work directory for what is installed.
 */
export async function findSecondClient(work: string): Promise<SecondClient> {
  const failures: string[] = [];
  for (const find of [pythonTuf, pythonTufInstalled, goTuf]) {
    try {
      return await find(work);
    } catch (error) {
      failures.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  }
  throw new Error(
    `No second TUF client: neither Python 3 with pip nor Go can be used (${failures.join('; ')}).`,
  );
}

async function pythonTuf(): Promise<SecondClient> {
  await run('python3', ['-c', IMPORT]);
  return python('python3');
}

async function pythonTufInstalled(work: string): Promise<SecondClient> {
  const directory = join(work, 'python');
  console.log('  installing python-tuf for the second client …');
  await run('python3', ['-m', 'venv', directory]);
  const program = join(directory, 'bin', 'python');
  await run(program, ['-m', 'pip', 'install', '--quiet', 'tuf>=7,<8'], { timeout: 120_000 });
  return python(program);
}

async function goTuf(): Promise<SecondClient> {
  console.log('  building go-tuf for the second client …');
  await run('go', ['build', '-o', 'client', '.'], { cwd: join(DRIVERS, 'go'), timeout: 300_000 });
  return { name: 'go-tuf', command: join(DRIVERS, 'go', 'client'), parameters: [], environment: {} };
}

function python(program: string): SecondClient {
  const parameters = [join(DRIVERS, 'python', 'client.py')];
  return { name: 'python-tuf', command: program, parameters, environment: { PYTHONDONTWRITEBYTECODE: '1' } };
}
