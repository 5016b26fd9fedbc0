import type { Files } from './repository.js';

/** Targets that a client in any language has to get right. */
export const FILES: Files = {
  'a.txt': 'one',
  'vendor/name/name-1.0.zip': 'zip',
  'quote"d.txt': 'q',
  'with space': 's',
  ümlaut: 'u',
  '-dash': 'd',
  '.hidden': 'h',
  empty: '',
  ['n'.repeat(190)]: 'long',
};
