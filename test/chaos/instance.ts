import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, WORKER_ROLES, type Config, type WorkerRole } from '../../src/config/index.js';
import { initInstance } from '../../src/instance/index.js';
import { Server, WorkerProcess } from '../faults/deployment.js';
import { startToxiproxy, type Toxiproxy } from './toxiproxy.js';

/** Megabytes of the small disk: enough for the releases that wait, little enough to be filled quickly. */
const SMALL_DISK = 96;

/** An instance with everything that runs for it, each in a process of its own. */
export interface ChaosInstance {
  readonly config: Config;
  readonly server: Server;
  readonly workers: ReadonlyMap<WorkerRole, WorkerProcess>;
  /** Between the workers and the server; undefined where there is no such program. */
  readonly proxy: Toxiproxy | undefined;
  /** A disk of its own under the inbound directory and the records, that can be filled; undefined without root. */
  readonly smallDisk: string | undefined;
  stop(): Promise<void>;
}

export async function makeInstance(directory: string): Promise<ChaosInstance> {
  const home = join(directory, 'instance');
  await mkdir(home);
  const smallDisk = join(home, 'small-disk');
  await mkdir(smallDisk);
  const { status } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${String(SMALL_DISK)}m`,
    'tufline-chaos',
    smallDisk,
  ]);
  const hasSmallDisk = status === 0;
  if (!hasSmallDisk) console.log('  no small disk (mount needs root): the disk will not be filled');
  const { config: initial } = await initInstance(join(home, 'tufline'));
  for (const [from, to] of [
    [initial.inboundPath, 'inbound'],
    [initial.statePath, 'state'],
  ] as const) {
    spawnSync('cp', ['-a', from, join(smallDisk, to)]);
  }
  const text = await readFile(initial.file, 'utf8');
  await writeFile(
    initial.file,
    text
      .replace(/^inbound_path: \S+/m, `inbound_path: ${smallDisk}/inbound`)
      .replace(/^state_path: \S+/m, `state_path: ${smallDisk}/state`)
      .replace(/^scan_period: \S+/m, 'scan_period: 1s'),
  );
  const config = await loadConfig(initial.file);
  const server = await Server.start(directory);
  await server.applySchedule(config);
  const proxy = await startToxiproxy(server.address);
  if (!proxy) console.log('  no toxiproxy (TOXIPROXY_PATH): connections will not be cut');
  const address = proxy?.address ?? server.address;
  const workers = new Map(
    WORKER_ROLES.map((role) => [role, new WorkerProcess([role], config, { address })] as const),
  );
  await Promise.all([...workers.values()].map(({ ready }) => ready));
  return {
    ...{ config, server, workers, proxy },
    smallDisk: hasSmallDisk ? smallDisk : undefined,
    stop: async () => {
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
      proxy?.stop();
      await server.stop();
      if (hasSmallDisk) spawnSync('umount', ['-l', smallDisk]);
    },
  };
}
