import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SCHEMA_DIRECTORY, schemaFiles } from '../../scripts/write-schemas.js';

void test('the published schemas are those of the code', async () => {
  const files = schemaFiles();
  assert.deepEqual((await readdir(SCHEMA_DIRECTORY)).sort(), [...files.keys()].sort());
  for (const [file, text] of files) {
    assert.equal(
      await readFile(`${SCHEMA_DIRECTORY}${file}`, 'utf8'),
      text,
      `docs/schemas/${file} is not current: run node --import tsx scripts/write-schemas.ts`,
    );
  }
});
