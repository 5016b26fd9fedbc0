import { basename, dirname, join } from 'node:path';
import type { TargetEntry } from '../metadata/target-entries.js';

/** Lengths of a digest in hexadecimal digits. */
const DIGITS = { sha256: 64, sha512: 128 } as const;

/** The hashed copies of a target (§6.2), as paths below `targets/`. */
export function copiesOf(path: string, entry: TargetEntry): string[] {
  return (['sha256', 'sha512'] as const).flatMap((algorithm) => {
    const digest = entry.hashes[algorithm];
    // Of another length it would not be the name of a copy, but might be that of a target.
    if (digest?.length !== DIGITS[algorithm]) return [];
    return [join(dirname(path), `${digest}.${basename(path)}`)];
  });
}
