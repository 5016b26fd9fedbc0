import { unlink } from 'node:fs/promises';
import { hasErrno, permanent } from '../errors/index.js';
import { linkOnce, temporaryPath, writeNew } from './durable.js';

/**
 * Checks at start that the file system under two directories can do what every commit rests on: link(2) from
 * one to the other, which fails where the name exists.
 *
 * @throws a permanent TuflineError `no-exclusive-link` or `different-file-systems`; a transient one where the
 *   file system is in trouble.
 */
export async function probeLink(from: string, to: string): Promise<void> {
  const source = temporaryPath(from);
  const target = temporaryPath(to);
  await writeNew(source, Buffer.from('probe'));
  try {
    const first = await linkOnce(source, target).catch((error: unknown) => {
      if (error instanceof Error && hasErrno(error.cause, 'EXDEV')) {
        throw permanent(
          'different-file-systems',
          `${from} and ${to} lie on different file systems.`,
          'Put both on one file system: a commit is a hard link from the first to the second.',
          to,
        );
      }
      throw error;
    });
    const second = await linkOnce(source, target);
    if (first !== 'linked' || second !== 'exists') {
      throw permanent(
        'no-exclusive-link',
        `The file system of ${to} does not make hard links that fail on an existing name.`,
        'Use a POSIX file system (ext4, XFS, NFS…); tufline cannot commit safely without them.',
        to,
      );
    }
  } finally {
    await unlink(target).catch(() => undefined);
    await unlink(source).catch(() => undefined);
  }
}
