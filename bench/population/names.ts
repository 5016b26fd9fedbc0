import { bitsOf } from './random.js';
import { WORDS } from './words.js';

const ONE = WORDS.length;
const TWO = ONE + ONE * ONE;

/**
 * A name of one word, then of two, then of three: few owners have many packages, so most names are short. No two
 * numbers below `ONE + ONE² + ONE³` give the same name, because within a length the words are only shuffled.
 *
 * @param shuffle which shuffle; the names of two owners come in different order.
 */
export function nameOf(number: number, shuffle: number, separator: string): string {
  if (number < ONE) return word(number, shuffle);
  if (number < TWO) {
    const rest = number - ONE;
    return word(rest % ONE, shuffle) + separator + word(Math.floor(rest / ONE), shuffle + 1);
  }
  const rest = number - TWO;
  const first = word(rest % ONE, shuffle) + separator + word(Math.floor(rest / ONE) % ONE, shuffle + 1);
  return first + separator + word(Math.floor(rest / ONE / ONE), shuffle + 2);
}

/** WORDS has a prime number of entries, so that every step but 0 goes through all of them. */
function word(index: number, shuffle: number): string {
  const bits = bitsOf(0, 0, shuffle);
  const step = 1 + ((bits >>> 8) % (ONE - 1));
  return WORDS[(index * step + bits) % ONE] ?? '';
}
