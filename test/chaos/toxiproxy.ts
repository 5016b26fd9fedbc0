import { spawn } from 'node:child_process';
import { freePort } from '../../src/server/index.js';
import { until } from '../support/until.js';

/** A proxy whose connections can be cut. */
export interface Toxiproxy {
  readonly address: string;
  setEnabled(enabled: boolean): Promise<void>;
  stop(): void;
}

/** Starts the program that TOXIPROXY_PATH names in front of a server. @returns undefined where none is named. */
export async function startToxiproxy(upstream: string): Promise<Toxiproxy | undefined> {
  const program = process.env.TOXIPROXY_PATH;
  if (program === undefined || program === '') return undefined;
  const [api, port] = [await freePort(), await freePort()];
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(api)], { stdio: 'ignore' });
  const base = `http://127.0.0.1:${String(api)}`;
  await until('toxiproxy to answer', async () => (await fetch(`${base}/version`).catch(() => undefined))?.ok);
  const address = `127.0.0.1:${String(port)}`;
  const post = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${base}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`toxiproxy: ${await response.text()}`);
  };
  await post('/proxies', { name: 'temporal', listen: address, upstream, enabled: true });
  return {
    address,
    setEnabled: (enabled) => post('/proxies/temporal', { enabled }),
    stop: () => child.kill(),
  };
}
