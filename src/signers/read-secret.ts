import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { hasErrno, ioError, usage } from '../errors/index.js';
import { closeRead } from '../files/index.js';

/**
 * Reads a file that only its owner may read, and refuses it where others may.
 *
 * @param kind what the file is, for messages: `private key`, `passphrase file`.
 * @throws usage errors `key-missing`, `key-unreadable`, `key-readable-by-others`, `key-unusable` (no file).
 */
export async function readSecret(path: string, kind: string): Promise<string> {
  // Not waiting for a writer, should it be a FIFO.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw explain(error, path, kind);
  });
  try {
    // Of the file that was opened, so that nobody can put another one there in between.
    const status = await handle.stat().catch((error: unknown) => {
      throw ioError(error, 'look at', path);
    });
    if (!status.isFile()) {
      throw usage('key-unusable', `The ${kind} ${path} is no file.`, 'Name the file itself.');
    }
    if ((status.mode & 0o077) !== 0) {
      const octal = (status.mode & 0o777).toString(8).padStart(4, '0');
      throw usage(
        'key-readable-by-others',
        `The ${kind} ${path} may be used by others than its owner (mode ${octal}).`,
        `Run: chmod 600 '${path}', and consider whether the key has to be replaced.`,
      );
    }
    return await handle.readFile('utf8').catch((error: unknown) => {
      throw ioError(error, 'read', path);
    });
  } finally {
    await closeRead(handle);
  }
}

function explain(error: unknown, path: string, kind: string): Error {
  if (hasErrno(error, 'ENOENT', 'ENOTDIR')) {
    return usage(
      'key-missing',
      `The ${kind} ${path} is not there.`,
      'Correct roles.<role>.keys in the configuration, or put the file back from its backup.',
    );
  }
  if (hasErrno(error, 'EACCES', 'EPERM')) {
    return usage(
      'key-unreadable',
      `This process may not read the ${kind} ${path}.`,
      'Run the worker of this role as the user that owns its key.',
    );
  }
  return ioError(error, 'open', path);
}
