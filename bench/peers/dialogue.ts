import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Lines of JSON to and fro. */
export interface Dialogue {
  /** One question at a time. @throws Error with what the process said last, where it ended instead */
  readonly ask: (question: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** How much of what a process complains about is kept: the end says what happened. */
const COMPLAINT = 2000;

/** @param environment what is set for it where it is not set here. */
export function openDialogue(
  name: string,
  [command = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Dialogue {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...environment, ...process.env },
  });
  const ended = once(child, 'close').catch(() => undefined);
  // A process that ends is noticed by the missing answer, not by the pipe it leaves.
  child.stdin.on('error', () => undefined);
  let complaint = '';
  child.on('error', (error) => (complaint += error.message));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const answer = await lines.next();
      if (answer.done) {
        await ended;
        throw new Error(`${name} ended: ${complaint.trim()}`);
      }
      return JSON.parse(answer.value) as unknown;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
