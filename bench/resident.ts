import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** python-tuf in a resident process. */
export interface Resident {
  /** Does a release. @returns milliseconds, as the process measured them. */
  readonly release: (files: readonly (readonly [from: string, as: string])[]) => Promise<number>;
  readonly stop: () => void;
}

/** @returns undefined where there is no Python with tuf. */
export async function startResident(directory: string, targets: number): Promise<Resident | undefined> {
  const script = fileURLToPath(new URL('./resident.py', import.meta.url));
  const child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: unknown): Promise<string | undefined> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const answer = await lines.next();
    return answer.done ? undefined : answer.value;
  };
  if ((await ask({ directory, targets })) !== 'ready') return undefined;
  return { release: async (files) => Number(await ask(files)), stop: () => child.stdin.end() };
}
