import { join } from 'node:path';
import { lstat } from '../files/index.js';
import { hasErrno, ioError } from '../errors/index.js';
import { readClaim, type Claim } from './claim-file.js';
import { CLAIM_FILE } from './names.js';

/** As many as are usually in processing. */
const AT_MOST = 100;

/** A claim with its paths ready to be asked. */
export interface SeenClaim {
  readonly claim: Claim;
  readonly paths: ReadonlySet<string>;
  /** A path that is among others too. */
  readonly sharedPath: (others: ReadonlySet<string>) => string | undefined;
}

/**
 * Claims by directory, so that those who look at all directories in processing need not read files of 100,000
 * entries again and again. A claim never changes; whether it is still the same file tells its inode and its times.
 */
export class SeenClaims {
  readonly #seen = new Map<string, { readonly key: string; readonly claim: SeenClaim }>();

  /** @returns undefined where the directory has no claim. */
  async read(directory: string): Promise<SeenClaim | undefined> {
    const key = await keyOf(join(directory, CLAIM_FILE));
    if (key === undefined) return undefined;
    const before = this.#seen.get(directory);
    if (before?.key === key) return before.claim;
    const claim = await readClaim(directory);
    if (!claim) return undefined;
    const seen = seenAs(claim);
    this.#seen.delete(directory);
    this.#seen.set(directory, { key, claim: seen });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > AT_MOST && oldest !== undefined) this.#seen.delete(oldest);
    return seen;
  }
}

function seenAs(claim: Claim): SeenClaim {
  const paths = new Set(claim.files.map(({ path }) => path));
  return {
    claim,
    paths,
    sharedPath: (others) => {
      const [few, many] = others.size < paths.size ? [others, paths] : [paths, others];
      for (const path of few) if (many.has(path)) return path;
      return undefined;
    },
  };
}

async function keyOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join();
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw ioError(error, 'look at', path);
  }
}
