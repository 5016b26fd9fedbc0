import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

interface Listed {
  readonly version: number;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
}

/** The parts of metadata that say what else has to be there. */
interface Signed {
  readonly version: number;
  readonly meta?: Readonly<Record<string, Listed>>;
  readonly targets?: Readonly<Record<string, Listed>>;
}

/**
 * Asserts what G3 promises of a repository's directory at this very moment: whatever any visible metadata file
 * lists is there, with that length and hash. Knows nothing of how this program reads its metadata.
 * @returns the version of `timestamp.json`.
 */
export async function assertClientsSeeAllOfIt(repositoryPath: string): Promise<number> {
  const metadata = join(repositoryPath, 'metadata');
  for (const name of await readdir(metadata)) {
    if (name.startsWith('.')) continue;
    const { signed } = JSON.parse(await readFile(join(metadata, name), 'utf8')) as { signed: Signed };
    for (const [file, listed] of Object.entries(signed.meta ?? {})) {
      await assertIs(join(metadata, `${String(listed.version)}.${file}`), listed, name);
    }
    for (const [path, listed] of Object.entries(signed.targets ?? {})) {
      for (const digest of Object.values(listed.hashes)) {
        const copy = join(repositoryPath, 'targets', dirname(path), `${digest}.${basename(path)}`);
        await assertIs(copy, listed, name);
      }
    }
  }
  return timestampVersion(repositoryPath);
}

async function assertIs(path: string, { length, hashes }: Listed, listedBy: string): Promise<void> {
  const bytes = await readFile(path).catch(() =>
    assert.fail(`${listedBy} lists ${path}, which is not there`),
  );
  assert.equal(bytes.length, length, `${path} has the length that ${listedBy} lists`);
  for (const [algorithm, digest] of Object.entries(hashes)) {
    const actual = createHash(algorithm).update(bytes).digest('hex');
    assert.equal(actual, digest, `${path} has the ${algorithm} that ${listedBy} lists`);
  }
}

/** Version in `timestamp.json`; 0 where there is none yet. */
export async function timestampVersion(repositoryPath: string): Promise<number> {
  const text = await readFile(join(repositoryPath, 'metadata', 'timestamp.json'), 'utf8').catch(
    () => undefined,
  );
  return text === undefined ? 0 : (JSON.parse(text) as { signed: Signed }).signed.version;
}
