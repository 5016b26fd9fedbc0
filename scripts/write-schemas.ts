/**
 * Writes the JSON schemas of docs/schemas from the code that validates: `node --import tsx scripts/write-schemas.ts`.
 * A test fails while one of them is not current.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { configSchema } from '../src/config/index.js';
import { versionListSchema } from '../src/packaging/index.js';

interface Published {
  readonly title: string;
  readonly schema: z.ZodType;
  /** `input` for files that people write and defaults complete; `output` for what tufline writes. */
  readonly io: 'input' | 'output';
}

/** By file name. What is published is added here, and nowhere else. */
const PUBLISHED: Readonly<Record<string, Published>> = {
  'config.schema.json': { title: 'tufline.yaml', schema: configSchema, io: 'input' },
  'package.schema.json': {
    title: '<PACKAGE>.json of tufline package',
    schema: versionListSchema,
    io: 'output',
  },
};

export const SCHEMA_DIRECTORY = fileURLToPath(new URL('../docs/schemas/', import.meta.url));

/** Text of each schema file, by name, formatted as everything else here. */
export async function schemaFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [file, { title, schema, io }] of Object.entries(PUBLISHED)) {
    const { $schema, ...rest } = z.toJSONSchema(schema, { io });
    const path = `${SCHEMA_DIRECTORY}${file}`;
    const style = await resolveConfig(path);
    files.set(file, await format(JSON.stringify({ $schema, title, ...rest }), { ...style, filepath: path }));
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(SCHEMA_DIRECTORY, { recursive: true });
  for (const [file, text] of await schemaFiles()) await writeFile(`${SCHEMA_DIRECTORY}${file}`, text);
}
