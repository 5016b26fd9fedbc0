import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second that /proc counts in (Linux). */
const TICKS = 100;

/** Seconds of processor time that a process and its living children have used so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  // The name of the program stands in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  let seconds = (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
  for (const child of await childrenOf(pid)) seconds += await cpuSeconds(child);
  return seconds;
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${String(pid)}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${String(pid)}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}
