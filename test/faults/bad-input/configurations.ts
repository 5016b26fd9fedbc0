import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig } from '../../../src/config/index.js';
import { TuflineError } from '../../../src/errors/index.js';
import type { Template } from '../world.js';

export interface ConfigurationChange {
  readonly line: number;
  readonly text: string;
  readonly how: 'replace' | 'insert' | 'value';
}

export const configurationChange: fc.Arbitrary<ConfigurationChange> = fc.record({
  line: fc.nat(45),
  text: fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '-1',
      '5',
      '1e99',
      '[]',
      '{}',
      'null',
      '0s',
      '99999999999d',
      '../../x',
      '~',
      '!!js/function x',
      '&a [*a]',
      'file:',
      'pkcs11:x',
      '"',
      '  - ',
      '\t',
    ),
  ),
  how: fc.constantFrom('replace', 'insert', 'value'),
});

export async function tryConfiguration(
  template: Template,
  { line, text, how }: ConfigurationChange,
): Promise<void> {
  const lines = (await readFile(template.world.config.file, 'utf8')).split('\n');
  const at = line % lines.length;
  const present = lines[at] ?? '';
  const value = present.replace(/^(\s*[a-z_]+:).*$/, (_, key: string) => `${key} ${text}`);
  const changed = how === 'insert' ? [text, present] : how === 'value' ? [value] : [text];
  const file = join(template.world.directory, `changed-${String(process.pid)}.yaml`);
  await writeFile(file, [...lines.slice(0, at), ...changed, ...lines.slice(at + 1)].join('\n'));
  try {
    await loadConfig(file);
  } catch (error) {
    if (!(error instanceof TuflineError)) throw error;
    if (error.kind !== 'usage' || !/\.$/.test(error.remedy))
      throw new Error(`no sentence: ${error.sentence}`, { cause: error });
  }
}
