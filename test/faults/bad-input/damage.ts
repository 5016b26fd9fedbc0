import { createHash } from 'node:crypto';
import { copyFile, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { openRepository, verifyRepository } from '../../../src/repository/index.js';
import { StepFailed } from '../bare/executors.js';
import { releaseAll } from '../bare/release.js';
import { lookWith, type FaultClient } from '../clients/clients.js';
import { BEFORE, freshConductor, type Template, type World } from '../world.js';
import { mustAgree, mustBe, strict } from './look.js';

type How =
  | 'empty'
  | 'half'
  | 'other type'
  | 'bit'
  | 'signature'
  | 'other instance'
  | 'older'
  | 'garbage'
  | 'no JSON object';
export interface Damage {
  readonly where: string;
  readonly how: How;
  readonly position: number;
}

/** Relative to the repository and the records, of an instance with two versions of everything. */
export const damage: fc.Arbitrary<Damage> = fc.record({
  where: fc.constantFrom(
    'metadata/2.targets.json',
    'metadata/2.snapshot.json',
    'metadata/1.root.json',
    'commits/2.json',
    'snapshot/2.json',
    'timestamp/2.json',
  ),
  how: fc.constantFrom<How[]>(
    'empty',
    'half',
    'other type',
    'bit',
    'signature',
    'other instance',
    'older',
    'garbage',
    'no JSON object',
  ),
  position: fc.nat(100_000),
});

/** Attempts of each step while a file is damaged. */
const ATTEMPTS = 3;

export interface Instances {
  readonly template: Template;
  /** With the same releases and keys of its own. */
  readonly other: Template;
  readonly clients: readonly FaultClient[];
}

export async function tryDamage(
  { template, other, clients }: Instances,
  { where, how, position }: Damage,
): Promise<void> {
  const world = await template.copy();
  const pathIn = ({ config: { repositoryPath, statePath } }: World): string =>
    where.startsWith('metadata/') ? join(repositoryPath, where) : join(statePath, where);
  const { repositoryPath } = world.config;
  const path = pathIn(world);
  const sound = await readFile(path);
  const seenBy = world.clients;
  if (how === 'other instance') await copyFile(pathIn(other.world), path);
  else await damageFile(path, how, position, sound);
  const isDamaged = !(await readFile(path)).equals(sound);
  await world.post('2', { sound: 'sound' });
  const said = await attempt(world);
  // What clients hold on to was never touched: they see the old state, or all of the new one.
  if (!where.startsWith('metadata/')) {
    await mustAgree(await lookWith(clients, repositoryPath, seenBy, [BEFORE, { ...BEFORE, sound: 'sound' }]));
  }
  for (const { type, message } of said) {
    if (type === 'unexpected' || !/\.$/.test(message)) throw new Error(`no sentence: ${type}: ${message}`);
  }
  if (isDamaged) {
    await rename(path, `${path}.damaged`);
    await writeFile(path, sound);
    await rename(`${path}.damaged`, join(world.directory, 'damaged'));
  }
  await releaseAll(strict(world));
  mustBe(
    (await verifyRepository(openRepository(world.config))).length,
    0,
    'verify finds something once it is restored',
  );
  await mustAgree(await lookWith(clients, repositoryPath, seenBy, [{ ...BEFORE, sound: 'sound' }]));
  await world.remove();
}

async function damageFile(
  path: string,
  how: Exclude<How, 'other instance'>,
  position: number,
  sound: Buffer,
): Promise<void> {
  const text = sound.toString('latin1');
  const older = path.replace(/\b2\.(\w+\.)?json$/, (_, role: string | undefined) => `1.${role ?? ''}json`);
  switch (how) {
    case 'empty':
      return truncate(path, 0);
    case 'half':
      return truncate(path, Math.floor(sound.length / 2));
    case 'other type':
      return writeFile(
        path,
        text.replace(/"_type":"\w+"/, '"_type":"mirrors"').replace(/"kind":"\w+"/, '"kind":"other"'),
        'latin1',
      );
    case 'bit': {
      const bytes = Buffer.from(sound);
      const at = position % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (position % 8));
      return writeFile(path, bytes);
    }
    case 'signature':
      return writeFile(path, text.replace(/"sig":"[0-9a-f]{8}/, '"sig":"00000000'), 'latin1');
    case 'older':
      return writeFile(path, await readFile(older));
    case 'garbage':
      return writeFile(path, createHash('sha512').update(String(position)).digest());
    case 'no JSON object':
      return writeFile(path, ['[]', 'null', '7', '""', '{}'][position % 5] ?? '');
  }
}

class Enough extends Error {}

/** Tries to release everything, with few attempts of each step. @returns what the steps said. */
async function attempt(world: World): Promise<{ type: string; message: string }[]> {
  const said: { type: string; message: string }[] = [];
  const fresh = freshConductor(world.config);
  let left = ATTEMPTS;
  try {
    await releaseAll({
      ...fresh,
      onDone: () => {
        left = ATTEMPTS;
        return Promise.resolve();
      },
      onFailure: (_, __, failure) => {
        said.push(failure);
        if (--left <= 0) throw new Enough();
        return Promise.resolve();
      },
    });
  } catch (error) {
    if (error instanceof StepFailed) said.push(error.failure);
    else if (!(error instanceof Enough)) throw error;
  }
  return said;
}
