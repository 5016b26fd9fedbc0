import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadConfig, WORKER_ROLES, type Config, type WorkerRole } from '../../src/config/index.js';
import { initInstance } from '../../src/instance/index.js';
import { Server, WorkerProcess } from '../faults/deployment.js';
import { startToxiproxy, type Toxiproxy } from './toxiproxy.js';

/** An instance with everything that runs for it, each in a process of its own. */
export interface ChaosInstance {
  readonly config: Config;
  readonly server: Server;
  readonly workers: ReadonlyMap<WorkerRole, WorkerProcess>;
  /** Between the workers and the server; undefined where there is no such program. */
  readonly proxy: Toxiproxy | undefined;
  /** Disks that can be filled: one under inbound directory and records, one under the repository. None without root. */
  readonly disks: ReadonlyMap<string, string>;
  /** One more worker of a role, as after a mistaken deployment. */
  startAnother(role: WorkerRole): WorkerProcess;
  stop(): Promise<void>;
}

/** @param minutes how long it will run: every version of every file is kept. */
export async function makeInstance(directory: string, minutes: number): Promise<ChaosInstance> {
  const home = join(directory, 'instance');
  await mkdir(home);
  const { config: initial } = await initInstance(join(home, 'tufline'));
  const disks = new Map<string, string>();
  for (const [name, megabytes] of [
    ['inbound', 96],
    ['repository', 200 + Math.ceil(minutes * 60)],
  ] as const) {
    const disk = join(home, `${name}-disk`);
    await mkdir(disk);
    const mount = ['-t', 'tmpfs', '-o', `size=${String(megabytes)}m`, 'tufline-chaos', disk];
    if (spawnSync('mount', mount).status === 0) disks.set(name, disk);
  }
  if (disks.size === 0) console.log('  no small disks (mount needs root): no disk will be filled');
  const place = (path: string, disk: string): string => {
    const to = join(home, `${disk}-disk`, basename(path));
    spawnSync('mv', [path, to]);
    return to;
  };
  const inboundPath = place(initial.inboundPath, 'inbound');
  const statePath = place(initial.statePath, 'inbound');
  const repositoryPath = place(initial.repositoryPath, 'repository');
  const text = await readFile(initial.file, 'utf8');
  await writeFile(
    initial.file,
    text
      .replace(/^inbound_path: \S+/m, `inbound_path: ${inboundPath}`)
      .replace(/^state_path: \S+/m, `state_path: ${statePath}`)
      .replace(/^repository_path: \S+/m, `repository_path: ${repositoryPath}`)
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
    ...{ config, server, workers, proxy, disks },
    startAnother: (role) => new WorkerProcess([role], config, { address }),
    stop: async () => {
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
      proxy?.stop();
      await server.stop();
      for (const disk of disks.values()) spawnSync('umount', ['-l', disk]);
    },
  };
}
