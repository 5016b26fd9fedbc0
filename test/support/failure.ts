import assert from 'node:assert/strict';
import { TuflineError } from '../../src/errors/index.js';

/** That something fails with a code, and with a sentence and a remedy. @returns the error. */
export async function failsWith(code: string, run: () => Promise<unknown>): Promise<TuflineError> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof TuflineError)) throw error;
    assert.equal(error.code, code, error.sentence);
    assert.match(error.message, /\.$/);
    assert.match(error.remedy, /\.$/);
    return error;
  }
  return assert.fail(`it did not fail with ${code}`);
}
