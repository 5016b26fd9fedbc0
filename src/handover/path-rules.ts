import { permanent, type TuflineError } from '../errors/index.js';

const LONGEST_COMPONENT = 190;

/** A path for a message: whatever a terminal could not show is escaped. */
export function printable(path: string): string {
  return path.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Decodes one part of a path. @throws permanent `invalid-utf-8` */
export function decodeName(raw: Buffer, within: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    const shown = `${within}${raw.toString('latin1')}`;
    throw refusal('invalid-utf-8', shown, 'its name is not valid UTF-8', 'Rename it with a name in UTF-8.');
  }
}

/**
 * Whether a target may be published under this path, by what the specification (§4.5, §6.2), file systems and
 * the clients can carry. Leading dots and dashes are fine.
 *
 * @param path parts separated by `/`.
 * @throws permanent `path-escapes`, `path-backslash`, `path-control-character`, `path-url-character`,
 *   `path-character`, `path-not-normalised`, `path-reserved`, `name-too-long`.
 */
export function checkTargetPath(path: string): void {
  if (
    path === '' ||
    path.startsWith('/') ||
    path.split('/').some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw refusal(
      'path-escapes',
      path,
      'it is not a plain relative path',
      'Use a relative path without "." and ".." parts.',
    );
  }
  if (path.includes('\\')) {
    throw refusal(
      'path-backslash',
      path,
      'its name has a backslash',
      'Use / between directories, and no backslash in names.',
    );
  }
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) {
    throw refusal('path-control-character', path, 'its name has a control character', 'Rename it.');
  }
  // Clients put the path into a URL as it is, so these would end it or be decoded.
  if (/[?#%]/.test(path)) {
    throw refusal(
      'path-url-character',
      path,
      'its name has a ?, # or %, which clients cannot ask for',
      'Rename it.',
    );
  }
  // Clients sort these differently, so that signatures over metadata with them would not verify everywhere.
  if (/[\ud800-\udfff]/.test(path)) {
    throw refusal(
      'path-character',
      path,
      'its name has a character outside the Basic Multilingual Plane',
      'Rename it without emoji and the like.',
    );
  }
  // tough normalises before it verifies: one such name, and no signature over the metadata verifies there.
  if (path !== path.normalize('NFC')) {
    throw refusal(
      'path-not-normalised',
      path,
      'its name is not in the Unicode normalisation form C, and some clients could then verify none of its neighbours',
      'Rename it: an accented letter has to be one character (macOS and some archives take them apart).',
    );
  }
  // Clients make an address of it: a space at the end is dropped, and what stands before a colon is taken for a scheme.
  if (path.endsWith(' ') || path.split('/')[0]?.includes(':')) {
    throw refusal(
      'path-url-character',
      path,
      'its name ends in a space, or has a colon in its first part, which some clients cannot ask for',
      'Rename it.',
    );
  }
  if (path === '__proto__') {
    throw refusal(
      'path-reserved',
      path,
      'JavaScript clients cannot have a target of this name',
      'Rename it.',
    );
  }
  const long = path.split('/').find((part) => Buffer.byteLength(part) > LONGEST_COMPONENT);
  if (long !== undefined) {
    throw refusal(
      'name-too-long',
      path,
      `a part of its path has ${String(Buffer.byteLength(long))} bytes`,
      `Use names of at most ${String(LONGEST_COMPONENT)} bytes: clients see them with a hash in front.`,
    );
  }
}

/** Finds paths that are the same to a file system without case. Names are in one normalisation already. */
export class CollisionCheck {
  readonly #spellings = new Map<string, { spelling: string; isFile: boolean }>();

  /** @throws permanent `path-collision` */
  add(path: string): void {
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const spelling = parts.slice(0, length).join('/');
      const isFile = length === parts.length;
      const key = spelling.toLowerCase();
      const present = this.#spellings.get(key);
      if (!present) this.#spellings.set(key, { spelling, isFile });
      else if (present.spelling !== spelling || present.isFile !== isFile || isFile) {
        throw refusal(
          'path-collision',
          path,
          `it differs from ${printable(present.spelling)} only in case`,
          'Rename one of them: on some systems they are the same file.',
        );
      }
    }
  }
}

/** A permanent failure of one path in a release. */
export function refusal(code: string, path: string, why: string, remedy: string): TuflineError {
  return permanent(code, `The file ${printable(path)} cannot be released: ${why}.`, remedy, path);
}
