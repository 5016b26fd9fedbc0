import { permanent } from '../../errors/index.js';

/** A name that could be that of a hashed copy (§6.2): digest, dot, name. */
const HASHED = /^([0-9a-f]{64}|[0-9a-f]{128})\./;

export function looksHashed(name: string): boolean {
  return HASHED.test(name);
}

/**
 * The last look at a path before it becomes a file below the repository and a key in signed bytes. The hand-over
 * has refused all of these and more; this process signs, and does not take another one's word (G6).
 *
 * @throws permanent `bad-path`, `path-conflict`
 */
export function checkStagedPath(path: string): void {
  const parts = path.split('/');
  if (
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    /[\u0000-\u001f\ud800-\udfff]/.test(path)
  ) {
    throw permanent(
      'bad-path',
      `The path ${JSON.stringify(path)} cannot be that of a target.`,
      'Use plain relative paths, without control characters.',
      path,
    );
  }
  const taken = parts.slice(0, -1).find(looksHashed);
  if (taken === undefined) return;
  throw permanent(
    'path-conflict',
    `The target ${path} lies in a directory whose name looks like that of a hashed copy (${taken}).`,
    'Use another name: both could be at the same place in the repository.',
    path,
  );
}
