/**
 * Starts the bare worker with the code that one before it has compiled: most of its start, and much of its first steps, is
 * compiling. `launch.cjs ROLE CONFIG`, beside `worker.cjs`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const [, launcher = '', role = ''] = process.argv;
const file = join(dirname(launcher), 'worker.cjs');
const compiled = join(dirname(launcher), `${role}.compiled`);
const isCompiled = existsSync(compiled);
const script = new Script(`(function (require) {${readFileSync(file, 'utf8')}\n})`, {
  filename: file,
  ...(isCompiled ? { cachedData: readFileSync(compiled) } : {}),
});
const worker = script.runInThisContext() as (require: NodeJS.Require) => void;
worker(createRequire(file));
// Only one that ends by itself comes here; by then all that a release needs has been compiled.
if (!isCompiled)
  process.once('exit', () => {
    writeFileSync(compiled, script.createCachedData());
  });
