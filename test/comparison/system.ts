import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { lookWith, type FaultClient } from '../faults/clients/clients.js';
import { BEFORE, RELEASE } from '../faults/world.js';

/** A way to publish, whose process is killed in the middle and started again. */
export interface System {
  readonly name: string;
  /** Everything that the process changes on the file system, each a place to kill it. */
  readonly points: readonly string[];
  /** Kills at one point, calls `killed`, has a supervisor start it again until it ends well or gives up. */
  run(point: string, killed: (state: PublishedState) => Promise<void>): Promise<PublishedState>;
  close(): Promise<void>;
}

/** Where clients look, and where they keep what they know. */
export interface PublishedState {
  readonly repositoryPath: string;
  readonly clients: string;
  /** Of the last start, where it did not end well. */
  readonly complaint?: string;
  remove(): Promise<void>;
}

/** What one kill led to. */
export interface Consequence {
  /** A client that knew the state before was in error, or saw some files of the release without the others. */
  readonly clientsHurt: boolean;
  /** A file with a final name was not whole. */
  readonly halfWritten: boolean;
  /** Metadata of one version was replaced by other bytes. */
  readonly rewritten: boolean;
  /** Started again, the release was not published. */
  readonly needsHand: boolean;
  readonly details: readonly string[];
}

const AFTER = { ...BEFORE, ...RELEASE };

export async function consequenceOf(
  system: System,
  point: string,
  clients: readonly FaultClient[],
): Promise<Consequence> {
  let hurt: readonly string[] = [];
  let half: readonly string[] = [];
  let before = new Map<string, string>();
  const state = await system.run(point, async (killed) => {
    hurt = await lookWith(clients, killed.repositoryPath, killed.clients, [BEFORE, AFTER]);
    half = await halfWritten(killed.repositoryPath);
    before = await metadataOf(killed.repositoryPath);
  });
  const ended = await lookWith(clients, state.repositoryPath, state.clients, [AFTER]);
  const after = await metadataOf(state.repositoryPath);
  const rewritten = [...before].filter(
    ([name, text]) => name !== 'timestamp.json' && after.get(name) !== text,
  );
  await state.remove();
  return {
    clientsHurt: hurt.length > 0,
    halfWritten: half.length > 0,
    rewritten: rewritten.length > 0,
    needsHand: ended.length > 0,
    details: [...hurt, ...half, ...ended, ...(state.complaint === undefined ? [] : [state.complaint])],
  };
}

async function metadataOf(repositoryPath: string): Promise<Map<string, string>> {
  const directory = join(repositoryPath, 'metadata');
  const names = (await readdir(directory)).filter((name) => /^[a-z0-9]/.test(name));
  const read = async (name: string) => [name, await readFile(join(directory, name), 'utf8')] as const;
  return new Map(await Promise.all(names.map(read)));
}

async function halfWritten(repositoryPath: string): Promise<string[]> {
  const found: string[] = [];
  for (const [name, text] of await metadataOf(repositoryPath)) if (!isJson(text)) found.push(name);
  const targets = join(repositoryPath, 'targets');
  const entries = await readdir(targets, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const [, digest] = /^([0-9a-f]{64})\./.exec(entry.name) ?? [];
    if (!entry.isFile() || digest === undefined) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    if (createHash('sha256').update(bytes).digest('hex') !== digest) found.push(basename(entry.name));
  }
  return found.map((name) => `${name} is not whole`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
