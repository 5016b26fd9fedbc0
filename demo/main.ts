import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import pc from 'picocolors';
import prettyBytes from 'pretty-bytes';
import { verifyWithSecondClient, verifyWithTufJs } from './clients.js';
import { startDev, tufline } from './commands.js';
import { prepareInstance } from './prepare-instance.js';
import { choosePackages, type DemoPackage } from './choose-packages.js';
import { serveRepository } from './serve-repository.js';

/**
 * The whole road with real packages, as a user would go it: `init`, `dev`, `package`, `post --wait`, `verify`, and
 * two independent TUF clients that download everything from nothing but the first root.
 */
const instance = join(process.cwd(), 'demo-instance');
const releases: { packages: readonly DemoPackage[]; seconds: number; bytes: number }[] = [];

try {
  await main();
} catch (error) {
  console.error(`\n${pc.red('The demo failed')}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const begun = Date.now();
  step('An instance: configuration, four keys, signed metadata');
  await prepareInstance(instance);

  step('The embedded Temporal server and four workers, each with its own key');
  const dev = await startDev(instance);
  try {
    console.log(`  ${dev.line}`);
    const packages = await choosePackages();
    step(`${String(packages.length)} packages from node_modules, in several releases`);
    const out = join(instance, 'packages');
    for (const group of groupsOf(packages, 4)) await release(group, out);

    step('An audit of the repository');
    console.log(`  ${(await tufline(instance, ['verify'])).trim()}`);
  } finally {
    await dev.stop();
  }

  step('Two TUF clients that know nothing but the first root');
  const targets = releases.flatMap(({ packages }) => packages.flatMap(({ files }) => files));
  const server = await serveRepository(join(instance, 'repository'));
  try {
    const clients = join(instance, 'clients');
    await rm(clients, { recursive: true, force: true });
    for (const verify of [verifyWithTufJs, verifyWithSecondClient]) {
      const { client, bytes } = await verify(server.url, instance, clients, targets);
      console.log(
        `  ${pc.green('✓')} ${client} downloaded ${String(targets.length)} targets, ${prettyBytes(bytes)}, each byte as it was posted`,
      );
    }
  } finally {
    await server.close();
  }
  summary((Date.now() - begun) / 1000);
}

/** One release: packages are built, and handed over together. */
async function release(group: readonly DemoPackage[], out: string): Promise<void> {
  const paths: string[] = [];
  for (const { directory, name, version } of group) {
    await tufline(instance, ['package', directory, '--name', name, '--version', version, '--out', out]);
  }
  for (const { files } of group) paths.push(...files.map((file) => join(out, file)));
  const begun = Date.now();
  const as = paths.flatMap((path) => ['--as', relative(out, path)]);
  const posted: unknown = JSON.parse(await tufline(instance, ['post', ...paths, ...as, '--wait', '--json']));
  const seconds = (Date.now() - begun) / 1000;
  const bytes = await sizeOf(paths);
  releases.push({ packages: group, seconds, bytes });
  const names = group.map(({ name, version }) => `${name} ${version}`).join(', ');
  console.log(
    `  ${pc.green('✓')} ${names}: ${prettyBytes(bytes)}, published as targets version ${versionOf(posted)}`,
  );
}

function groupsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

async function sizeOf(paths: readonly string[]): Promise<number> {
  const { stat } = await import('node:fs/promises');
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function versionOf(posted: unknown): string {
  return typeof posted === 'object' && posted !== null && 'targets_version' in posted
    ? String(posted.targets_version)
    : '?';
}

function step(title: string): void {
  console.log(`\n${pc.bold(title)}`);
}

function summary(seconds: number): void {
  const packages = releases.flatMap((release) => release.packages);
  const bytes = releases.reduce((sum, release) => sum + release.bytes, 0);
  console.log(`
${pc.bold(pc.green('All of it held.'))} ${String(packages.length)} packages in ${String(releases.length)} releases, ${prettyBytes(bytes)}, in ${seconds.toFixed(0)} s.

  Look at these releases in the Temporal UI:  ${pc.cyan('npx tufline dev --config demo-instance/tufline.yaml')}
  (it prints the address; Ctrl-C ends it)
  What clients see:                           demo-instance/repository
  How it stands:                              npx tufline status --config demo-instance/tufline.yaml`);
}
