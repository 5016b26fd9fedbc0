import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { lookWith, type FaultClient } from '../faults/clients/clients.js';
import { BEFORE, RELEASE } from '../faults/world.js';
import type { Files } from '../support/repository.js';
import type { PublishedState, System } from './system.js';

/** Calls that change what is on the disk. */
export const CHANGES: ReadonlySet<string> = new Set([
  'create',
  'write',
  'fsync',
  'rename',
  'link',
  'unlink',
  'mkdir',
  'rmdir',
]);

/** A program that publishes a directory of files in one go: `init HOME`, `publish HOME READY`. */
export interface Publisher {
  readonly name: string;
  readonly command: readonly string[];
  /** Runs `publish` with each of these in front, or around it, to find out what it changes. */
  list(home: string, publish: readonly string[]): Promise<ReadonlyMap<string, Wrapped>>;
}

/** A command that dies at one point. */
export interface Wrapped {
  readonly command: (publish: readonly string[], home: string) => readonly string[];
  readonly environment: (home: string) => NodeJS.ProcessEnv;
}

/** A supervisor starts it so often. */
const STARTS = 3;

export async function publisherSystem(
  publisher: Publisher,
  workshop: string,
  clients: readonly FaultClient[],
): Promise<System> {
  const template = join(workshop, publisher.name);
  await mkdir(join(template, 'keys'), { recursive: true });
  for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(
      join(template, 'keys', `${role}.pem`),
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
  }
  await lay(join(template, 'ready'), BEFORE);
  await must([...publisher.command, 'init', template]);
  await must(publishing(publisher, template));
  await rm(join(template, 'ready'), { recursive: true });
  await lay(join(template, 'ready'), RELEASE);
  const complaints = await lookWith(clients, join(template, 'repository'), join(template, 'clients'), [
    BEFORE,
  ]);
  if (complaints.length > 0) throw new Error(`${publisher.name}: ${complaints.join('; ')}`);

  let copies = 0;
  const copy = async (): Promise<string> => {
    const home = `${template}-${String(++copies)}`;
    await promisify(execFile)('cp', ['-a', template, home]);
    return home;
  };
  const dry = await copy();
  const points = await publisher.list(dry, publishing(publisher, dry));
  await rm(dry, { recursive: true });
  return {
    name: publisher.name,
    points: [...points.keys()],
    async run(point, killed) {
      const wrapped = points.get(point);
      if (!wrapped) throw new Error(`no point ${point}`);
      const home = await copy();
      const state: PublishedState = {
        repositoryPath: join(home, 'repository'),
        clients: join(home, 'clients'),
        remove: () => rm(home, { recursive: true }),
      };
      const publish = publishing(publisher, home);
      const first = await start(wrapped.command(publish, home), wrapped.environment(home));
      if (first.signal !== 'SIGKILL') throw new Error(`${point}: it was not killed: ${first.text}`);
      await killed(state);
      let last = first;
      for (let time = 0; time < STARTS && last.code !== 0; time++) last = await start(publish);
      return last.code === 0 ? state : { ...state, complaint: last.text };
    },
    close: () => rm(template, { recursive: true }),
  };
}

function publishing({ command }: Publisher, home: string): string[] {
  return [...command, 'publish', home, join(home, 'ready')];
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly text: string;
}

export async function start(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, text: text.trim().split('\n').at(-1) ?? '' };
}

export async function must(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, text } = await start(command, environment);
  if (code !== 0) throw new Error(`${command.join(' ')}: ${text}`);
}

async function lay(directory: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}
