import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DemoPackage {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
  /** The two files of the package, as `tufline package` names them. */
  readonly files: readonly string[];
}

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));

/** Small and large, scoped and not: typescript and protobufjs are the ones of several MB. */
const NAMES = [
  '@noble/ed25519',
  'tuf-js',
  '@tufjs/models',
  '@tufjs/canonical-json',
  'commander',
  'yaml',
  'zod',
  'picomatch',
  'pino',
  'protobufjs',
  'cli-table3',
  'typescript',
];

/** Packages that lie in node_modules after an install. */
export async function choosePackages(): Promise<DemoPackage[]> {
  const present = NAMES.filter((name) => existsSync(join(MODULES, name, 'package.json')));
  return Promise.all(
    present.map(async (name) => {
      const directory = join(MODULES, name);
      const manifest: unknown = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
      const version =
        typeof manifest === 'object' && manifest !== null && 'version' in manifest
          ? String(manifest.version)
          : '0.0.0';
      return { name, version, directory, files: [`${name}-${version}.zip`, `${name}.json`] };
    }),
  );
}
