import { chmod, link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { failureSchema } from '../../../src/handover/index.js';
import { openRepository, verifyRepository } from '../../../src/repository/index.js';
import { releaseAll } from '../bare/release.js';
import { lookWith, type FaultClient } from '../clients/clients.js';
import { BEFORE, type Template, type World } from '../world.js';
import { mustAgree, mustBe, publishedFiles, strict, treeOf, type Tree } from './look.js';

export interface Entry {
  readonly name: Uint8Array;
  readonly what: 'file' | 'directory' | 'symbolic link' | 'hard link outside' | 'unreadable';
  readonly content: string;
  /** Within the directory before it, where there is one. */
  readonly isNested: boolean;
}

const anyByte = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)));
const awkward = fc
  .constantFrom(
    '-rf',
    '.hidden',
    '..a',
    'a\\b',
    'ä',
    'a\u0308',
    'A',
    'a',
    'SHA256SUMS',
    'tufline-claim.json',
    'tufline-error.json',
    'tufline-retry.json',
    'tufline-release.json',
  )
  .map((name) => new Uint8Array(Buffer.from(name)));
const long = fc.integer({ min: 180, max: 255 }).map((length) => new Uint8Array(Buffer.alloc(length, 'n')));
const plain = fc
  .stringMatching(/^[a-z0-9][a-z0-9 ._+@-]{0,20}[a-z0-9]$/)
  .map((name) => new Uint8Array(Buffer.from(name)));
export const directory: fc.Arbitrary<Entry[]> = fc.array(
  fc.record({
    name: fc.oneof(
      { weight: 6, arbitrary: plain },
      { weight: 1, arbitrary: anyByte },
      { weight: 1, arbitrary: awkward },
      { weight: 1, arbitrary: long },
    ),
    what: fc.oneof(
      { weight: 12, arbitrary: fc.constant('file' as const) },
      { weight: 3, arbitrary: fc.constant('directory' as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'symbolic link' as const,
          'hard link outside' as const,
          'unreadable' as const,
        ),
      },
    ),
    content: fc.string({ maxLength: 60 }),
    isNested: fc.boolean(),
  }),
  { maxLength: 8 },
);

export async function tryDirectory(
  template: Template,
  clients: readonly FaultClient[],
  entries: readonly Entry[],
): Promise<void> {
  const world = await template.copy();
  const canary = join(world.directory, 'canary');
  await mkdir(canary);
  await writeFile(join(canary, 'file'), 'untouched');
  const before = await treeOf(canary);
  const ready = join(world.config.postToTufPath, 'tuf_ready_2');
  await lay(ready, entries, canary);
  await world.post('3', { sound: 'sound' });
  const posted = await treeOf(ready);
  await releaseAll(strict(world));
  mustBe(await treeOf(canary), before, 'a file outside was touched');
  await mustBeSoundOrFailed(world, posted);
  await mustAgree(
    await lookWith(clients, world.config.repositoryPath, world.clients, [
      { ...BEFORE, ...(await publishedFiles(world)) },
    ]),
  );
  await world.remove();
}

async function lay(ready: string, entries: readonly Entry[], canary: string): Promise<void> {
  await mkdir(ready);
  let within = Buffer.from(ready);
  for (const { name, what, content, isNested } of entries) {
    const path = Buffer.concat([isNested ? within : Buffer.from(ready), Buffer.from('/'), name]);
    try {
      if (what === 'directory') {
        await mkdir(path);
        within = path;
      } else if (what === 'symbolic link') await symlink(join(canary, 'file'), path);
      else if (what === 'hard link outside') await link(join(canary, 'file'), path);
      else {
        await writeFile(path, content, { flag: 'wx' });
        if (what === 'unreadable') await chmod(path, 0o000);
      }
    } catch {
      // A name that is taken, or is one of the two that every directory has.
    }
  }
}

/** All of it is published, or all of it is in `tuf_failed_2` with a sentence; the sound one after it is published. */
async function mustBeSoundOrFailed(world: World, posted: Tree): Promise<void> {
  const left = (await readdir(world.config.postToTufPath)).sort();
  const published = await publishedFiles(world);
  if (published.sound !== 'sound') throw new Error('the release after it was held up');
  mustBe((await verifyRepository(openRepository(world.config))).length, 0, 'verify finds something');
  if (left.length === 0) {
    for (const [path, content] of Object.entries(posted)) {
      if (path === 'SHA256SUMS' || content === undefined) continue;
      mustBe(published[path], content, `${path} is not published as it was posted`);
    }
    return;
  }
  mustBe(left, ['tuf_failed_2'], 'something else is left');
  const failed = join(world.config.postToTufPath, 'tuf_failed_2');
  const failure = failureSchema.parse(JSON.parse(await readFile(join(failed, 'tufline-error.json'), 'utf8')));
  if (!/\.$/.test(failure.message) || !/\.$/.test(failure.remedy)) throw new Error('no sentence');
  const now = await treeOf(failed);
  mustBe(withoutOurs(now), withoutOurs(posted), 'the files were not given back as they were');
}

/** Names that are ours tell of what happened; a foreign file under one of them lies beside it under another. */
function withoutOurs(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !/^tufline-[^/]*\.json($|\/)/.test(path)),
  );
}
