import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { commandOf } from './install.js';
import { openDialogue } from './dialogue.js';

export type PeerName = 'python-tuf' | 'go-tuf';

export interface PeerOptions {
  /** Is made; must not be there yet. The repository's `metadata` and `targets` come into it. */
  readonly directory: string;
  /** How many synthetic targets there are before the first release. */
  readonly targets: number;
  /** How many hash bins they lie in, a power of two; 0 for `flat`. */
  readonly bins: number;
  readonly style: 'flat' | 'path_hash_prefixes' | 'succinct';
  /** Whether the snapshot lists targets roles with length and hashes or with the version alone. */
  readonly snapshotEntries: 'full' | 'version';
}

/** What the process says of itself. */
export interface PeerFigure {
  /** As the process measured it, without what it took to ask. */
  readonly milliseconds: number;
  readonly residentBytes: number;
  /** The most since the repository was ready. */
  readonly peakBytes: number;
}

/** Another library in a resident process, with a repository of its own in memory and on disk. */
export interface Peer {
  readonly name: PeerName;
  readonly setup: PeerFigure;
  /** Copies files, lists them and publishes, durably. @throws Error with what the process said last */
  readonly release: (files: readonly (readonly [from: string, path: string])[]) => Promise<PeerFigure>;
  readonly stop: () => Promise<void>;
}

const memory = { rss_bytes: z.number(), peak_bytes: z.number() };
const Ready = z.object({ setup_ms: z.number(), ...memory });
const Released = z.object({ ms: z.number(), ...memory });

/**
 * Starts a peer and waits until its repository is there, which takes a minute or two for a million targets.
 *
 * @returns undefined where it cannot run: no Python with tuf, no Go.
 * @throws Error where it should run and does not
 */
export async function startPeer(name: PeerName, options: PeerOptions): Promise<Peer | undefined> {
  if ((options.style === 'flat') !== (options.bins === 0) || !isLayout(options.bins))
    throw new RangeError(`${String(options.bins)} bins do not go with the style ${options.style}`);
  const command = await commandOf(name);
  if (command === undefined) return undefined;
  await mkdir(dirname(options.directory), { recursive: true });
  const { directory, targets, bins, style, snapshotEntries } = options;
  const { ask, stop } = openDialogue(name, command);
  const ready = Ready.parse(
    await ask({ directory, targets, bins, style, snapshot_entries: snapshotEntries }),
  );
  return {
    name,
    setup: figure(ready.setup_ms, ready),
    async release(files) {
      const released = Released.parse(await ask(files));
      return figure(released.ms, released);
    },
    stop,
  };
}

function isLayout(bins: number): boolean {
  return bins === 0 || (Number.isInteger(Math.log2(bins)) && bins >= 2);
}

function figure(
  milliseconds: number,
  { rss_bytes, peak_bytes }: { rss_bytes: number; peak_bytes: number },
): PeerFigure {
  return { milliseconds, residentBytes: rss_bytes, peakBytes: peak_bytes };
}
