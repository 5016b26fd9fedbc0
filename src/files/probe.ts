import { join } from 'node:path';
import { unlink } from './calls/index.js';
import { hasErrno, permanent } from '../errors/index.js';
import { linkOnce, sweepTemporary, temporaryPath, writeNew } from './durable.js';

/** Probes of the same role, started twice at once, sweep each other's files away, also between two links: look again. */
const TRIES = 20;

/**
 * Checks at start that the file system under two directories can do what every commit rests on: link(2) from
 * one to the other, which fails where the name exists. Removes what a killed probe of the same name left.
 *
 * @param name whose probe it is: directories are probed by several roles.
 * @throws a permanent TuflineError `no-exclusive-link` or `different-file-systems`; a transient one where the
 *   file system is in trouble.
 */
export async function probeLink(from: string, to: string, name: string): Promise<void> {
  const final = `probe-${name}`;
  for (const directory of [from, to]) await sweepTemporary(directory, (other) => other === final);
  for (let attempt = 1; ; attempt++) {
    const outcomes = await probe(temporaryPath(join(from, final)), temporaryPath(join(to, final)));
    if (outcomes[0] === 'linked' && outcomes[1] === 'exists') return;
    if (attempt < TRIES) continue;
    throw permanent(
      'no-exclusive-link',
      `The file system of ${to} does not make hard links that fail on an existing name.`,
      'Use a POSIX file system (ext4, XFS, NFS…); tufline cannot commit safely without them.',
      to,
    );
  }
}

type LinkOutcome = Awaited<ReturnType<typeof linkOnce>>;

async function probe(source: string, target: string): Promise<[LinkOutcome, LinkOutcome]> {
  await writeNew(source, Buffer.from('probe'));
  try {
    return [await linkProbe(source, target), await linkOnce(source, target)];
  } finally {
    await unlink(target).catch(() => undefined);
    await unlink(source).catch(() => undefined);
  }
}

async function linkProbe(source: string, target: string): Promise<LinkOutcome> {
  try {
    return await linkOnce(source, target);
  } catch (error) {
    if (!(error instanceof Error && hasErrno(error.cause, 'EXDEV'))) throw error;
    throw permanent(
      'different-file-systems',
      `${source} and ${target} lie on different file systems.`,
      'Put both directories on one file system: a commit is a hard link from the first to the second.',
      target,
    );
  }
}
