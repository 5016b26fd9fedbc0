/**
 * `npm run test:guards [-- TEXT] [--quick]`: removes each line that keeps a guarantee from a copy of the code, one at a time, and
 * sees its proof turn red; before that, that the proof is green with it. TEXT chooses guards by file or guarantee; --quick
 * leaves out those whose proof is a matrix of faults.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { GUARDS, type Guard } from './guards.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'src',
  'test',
  'scripts',
  'deploy',
  'dist',
  'docs',
  'package.json',
  'tsconfig.json',
  'README.md',
];
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const [wanted = ''] = positionals;
const chosen = GUARDS.filter(
  ({ file, guarantee, proof }) =>
    (file.includes(wanted) || guarantee === wanted) && (!values.quick || 'tests' in proof),
);
const directory = await mkdtemp(join(tmpdir(), 'tufline-guards-'));
const table = new Table({
  head: ['', 'without the line', 'in', 'proof', ''],
  style: { head: [], border: [] },
  colWidths: [4, 52, 36, 48, 12],
  wordWrap: true,
});
let isProven = chosen.length > 0;
const greens = new Map<string, boolean>();
try {
  for (const name of COPIED) await cp(join(ROOT, name), join(directory, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const guard of chosen) {
    const { guarantee, file, why } = guard;
    const proof = commandOf(guard).slice(1).join(' ');
    if (!greens.has(proof)) greens.set(proof, await isGreen(guard));
    const verdict = greens.get(proof)
      ? (await isGreenWithout(guard))
        ? 'STAYS GREEN'
        : 'red'
      : 'RED BEFORE';
    if (verdict !== 'red') isProven = false;
    console.log(`${guarantee} ${file}: ${verdict} (${why})`);
    table.push([guarantee, why, file, proof, verdict]);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(table.toString());
process.exitCode = isProven ? 0 : 1;

async function isGreenWithout(guard: Guard): Promise<boolean> {
  const path = join(directory, guard.file);
  const text = await readFile(path, 'utf8');
  const parts = text.split(guard.line);
  if (parts.length !== 2)
    throw new Error(`${guard.file} has ${String(parts.length - 1)} times: ${guard.line}`);
  await writeFile(path, parts.join(guard.instead ?? ''));
  try {
    return await isGreen(guard);
  } finally {
    await writeFile(path, text);
  }
}

async function isGreen(guard: Guard): Promise<boolean> {
  const [program = '', ...parameters] = commandOf(guard);
  const child = spawn(program, ['--import', 'tsx', ...parameters], { cwd: directory, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

function commandOf({ proof }: Guard): string[] {
  return 'tests' in proof
    ? [process.execPath, 'scripts/run-tests.ts', proof.tests]
    : [process.execPath, 'test/faults/main.ts', ...proof.faults, '--stop'];
}
