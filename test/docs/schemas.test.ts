import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SCHEMA_DIRECTORY, schemaFiles } from '../../scripts/write-schemas.js';

void test('the published schemas are those of the code', async () => {
  const files = await schemaFiles();
  for (const [file, text] of files) {
    assert.equal(
      await readFile(`${SCHEMA_DIRECTORY}${file}`, 'utf8'),
      text,
      `docs/schemas/${file} is not current: run node --import tsx scripts/write-schemas.ts`,
    );
  }
});
