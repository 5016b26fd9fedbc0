import { setImmediate as nextTurn } from 'node:timers/promises';

/** So many calls in a row, then whatever else there is to do in this process has its turn. */
const CALLS_IN_A_ROW = 32;
let calls = 0;

/** Makes a call that does not wait, with a promise for what comes of it. */
export async function directly<T>(call: () => T): Promise<T> {
  const result = call();
  calls++;
  if (calls % CALLS_IN_A_ROW === 0) await nextTurn();
  return result;
}
