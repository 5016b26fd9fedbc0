/**
 * Writes the JSON schemas of docs/schemas from the code that validates: `node --import tsx scripts/write-schemas.ts`.
 * A test fails while one of them is not current.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import * as outputs from '../src/cli/json-outputs.js';
import { configSchema } from '../src/config/index.js';
import { claimSchema, failureSchema, manifestSchema } from '../src/handover/index.js';
import { versionListSchema } from '../src/packaging/index.js';
import { commitSchema, snapshotSchema, timestampSchema } from '../src/repository/index.js';

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
  'status.schema.json': { title: 'tufline status --json', schema: outputs.statusOutput, io: 'output' },
  'verify.schema.json': { title: 'tufline verify --json', schema: outputs.verifyOutput, io: 'output' },
  'post.schema.json': { title: 'tufline post --json', schema: outputs.postOutput, io: 'output' },
  'init.schema.json': { title: 'tufline init --json', schema: outputs.initOutput, io: 'output' },
  'schedule.schema.json': {
    title: 'tufline schedule … --json',
    schema: outputs.scheduleOutput,
    io: 'output',
  },
  'retry.schema.json': { title: 'tufline retry --json', schema: outputs.retryOutput, io: 'output' },
  'cancel.schema.json': { title: 'tufline cancel --json', schema: outputs.cancelOutput, io: 'output' },
  'prune.schema.json': { title: 'tufline prune --json', schema: outputs.pruneOutput, io: 'output' },
  'bins-resize.schema.json': {
    title: 'tufline bins resize --json',
    schema: outputs.resizeOutput,
    io: 'output',
  },
  'bins-advise.schema.json': {
    title: 'tufline bins advise --json',
    schema: outputs.adviseOutput,
    io: 'output',
  },
  'replay.schema.json': { title: 'tufline replay --json', schema: outputs.replayOutput, io: 'output' },
  'claim.schema.json': { title: 'tufline-claim.json', schema: claimSchema, io: 'output' },
  'manifest.schema.json': { title: 'tufline-manifest.json', schema: manifestSchema, io: 'output' },
  'error.schema.json': { title: 'tufline-error.json', schema: failureSchema, io: 'output' },
  'commit-record.schema.json': { title: 'state/commits/N.json', schema: commitSchema, io: 'output' },
  'snapshot-record.schema.json': { title: 'state/snapshot/N.json', schema: snapshotSchema, io: 'output' },
  'timestamp-record.schema.json': { title: 'state/timestamp/N.json', schema: timestampSchema, io: 'output' },
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
