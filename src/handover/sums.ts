import { permanent, type TuflineError } from '../errors/index.js';
import { SUMS_FILE } from './names.js';
import { printable } from './path-rules.js';

/** Digests by path. */
export type Sums = ReadonlyMap<string, string>;

/**
 * Reads the output of `sha256sum`, text or binary mode, with its escapes.
 * @throws permanent `sums-malformed`
 */
export function parseSums(text: string): Sums {
  const sums = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line === '\r') continue;
    const match = /^(\\?)([0-9a-fA-F]{64}) [ *](.+?)\r?$/s.exec(line);
    if (!match) {
      throw problem(
        'sums-malformed',
        `line ${String(index + 1)} is not "<64 hex digits>  <path>"`,
        'Write it with sha256sum.',
      );
    }
    const name = match[1] === '' ? (match[3] ?? '') : unescape(match[3] ?? '');
    sums.set(name.replace(/^\.\//, ''), (match[2] ?? '').toLowerCase());
  }
  return sums;
}

/** The file as `post` writes it. Paths that tufline accepts need no escapes. */
export function formatSums(sums: Sums): string {
  return [...sums].map(([path, digest]) => `${digest}  ${path}\n`).join('');
}

/**
 * Compares what the pipeline says with what was read: every file has to be listed, and nothing else.
 * @throws permanent `sums-mismatch`, `sums-incomplete`
 */
export function checkSums(
  sums: Sums,
  files: readonly { readonly path: string; readonly sha256: string }[],
): void {
  const rest = new Set(sums.keys());
  for (const { path, sha256 } of files) {
    const listed = sums.get(path);
    if (listed === undefined) {
      throw problem(
        'sums-incomplete',
        `it does not list ${printable(path)}`,
        'List every file of the release in it.',
      );
    }
    if (listed !== sha256) {
      throw problem(
        'sums-mismatch',
        `${printable(path)} has the SHA-256 ${sha256}, not ${listed}`,
        'The file was damaged on the way, or the list is of other files: hand the release over again.',
      );
    }
    rest.delete(path);
  }
  const [missing] = rest;
  if (missing === undefined) return;
  throw problem(
    'sums-incomplete',
    `it lists ${printable(missing)}, which is not there`,
    'Hand over all files that it lists.',
  );
}

function problem(code: string, why: string, remedy: string): TuflineError {
  return permanent(code, `The release does not match its ${SUMS_FILE}: ${why}.`, remedy, SUMS_FILE);
}

function unescape(name: string): string {
  return name.replaceAll(/\\(n|r|\\)/g, (_, letter: string) =>
    letter === 'n' ? '\n' : letter === 'r' ? '\r' : '\\',
  );
}
