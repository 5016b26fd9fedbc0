import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again until something is there. @throws where it is not within the time, saying what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  patience = 60_000,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}
