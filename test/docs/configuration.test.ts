import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { z } from 'zod';
import { configSchema, parseConfig } from '../../src/config/index.js';

const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

void test('the page describes every key of the configuration', () => {
  const described = [...page.matchAll(/^\| `([a-z_.<>]+)` \|/gm)].map(([, key]) => key);
  const { properties = {} } = z.toJSONSchema(configSchema, { io: 'input' });
  const nested = (key: string, prefix: string) => {
    const value = properties[key];
    const inner = typeof value === 'object' ? (value.properties ?? {}) : {};
    return Object.keys(inner).map((name) => `${prefix}${name}`);
  };
  const role = z.toJSONSchema(configSchema.shape.roles.unwrap().shape.root, { io: 'input' });
  assert.deepEqual(
    described.sort(),
    [
      ...Object.keys(properties).filter((key) => !['hash_bins', 'roles', 'temporal'].includes(key)),
      ...nested('hash_bins', 'hash_bins.'),
      ...nested('temporal', 'temporal.'),
      'roles.<role>',
      ...Object.keys(role.properties ?? {}),
    ].sort(),
  );
});

void test('the defaults that the page names are those of the code', () => {
  const config = parseConfig('', '/i/tufline.yaml');
  const same = [...page.matchAll(/^\| `([a-z_]+)` \| `([^`]+)` \|/gm)]
    .filter(([, key]) => key !== undefined && key in configSchema.shape)
    .map(([, key = '', value = '']) => `${key}: ${value}`);
  assert.ok(same.length > 10, same.join('\n'));
  assert.deepEqual(parseConfig(same.join('\n'), '/i/tufline.yaml'), config);
});

void test('the example of the page is a configuration', () => {
  const [, example = ''] = /## An example\n+```yaml\n([^]*?)```/.exec(page) ?? [];
  assert.equal(parseConfig(example, '/i/tufline.yaml').roles.root.threshold, 2);
});
