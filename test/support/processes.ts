import { readdir, readFile } from 'node:fs/promises';

/** Command lines of running processes that mention a text, such as the directory of an instance (Linux). */
export async function processesMentioning(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text)) found.push(`${name}: ${line.replaceAll('\0', ' ')}`);
  }
  return found;
}
