import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { ioError, permanent } from '../errors/index.js';
import { closeRead, type FileAccess, open, writeAll } from '../files/index.js';
import type { TreeEntry } from './tree.js';

export interface ZipOptions {
  /** Deflate (level 6), or store as it is. */
  readonly compress: boolean;
  /** Called with the number of bytes read of the file at hand; 0 when one is begun. */
  readonly onBytes?: (bytes: number, path: string) => void;
}

const CHUNK = 256 * 1024;

/**
 * Writes a zip file that depends on nothing but the paths, the bytes and the executable bits of what goes in:
 * entries in the order given, one fixed time, modes 644 and 755, no extra fields.
 *
 * Compressed bytes also depend on the zlib that Node carries; where different Nodes build the same version,
 * `compress: false` is reproducible among them.
 *
 * @returns size in bytes and lower-case hex SHA-256 of what was written.
 * @throws permanent `package-changed` where a file changes meanwhile.
 */
export async function writeZip(
  target: { readonly handle: FileAccess; readonly path: string },
  directory: string,
  entries: readonly TreeEntry[],
  options: ZipOptions,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const zip = new ZipFile();
  const output = zip.outputStream.pipe(new PassThrough());
  // A failure inside the zip ends what we iterate over, so that it is thrown here.
  zip.on('error', (error: Error) => output.destroy(error));
  for (const entry of entries) add(zip, directory, entry, options);
  zip.end();
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of output) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the zip is not made of bytes');
    hash.update(chunk);
    size += chunk.byteLength;
    await writeAll(target.handle, chunk, target.path);
  }
  return { size, sha256: hash.digest('hex') };
}

function add(zip: ZipFile, directory: string, entry: TreeEntry, { compress, onBytes }: ZipOptions): void {
  // Zip keeps local time: the same wall clock time everywhere, and the earliest that the format can say.
  const mtime = new Date(1980, 0, 1);
  if (entry.path.endsWith('/')) {
    zip.addEmptyDirectory(entry.path, { mtime, mode: 0o040755, forceDosTimestamp: true });
    return;
  }
  const settings = {
    mtime,
    mode: entry.executable ? 0o100755 : 0o100644,
    forceDosTimestamp: true,
    size: entry.size,
    compressionLevel: compress && entry.size > 0 ? 6 : 0,
  };
  zip.addReadStreamLazy(entry.path, settings, (give) => {
    const stream = Readable.from(contentOf(directory, entry, onBytes), { objectMode: false });
    // yazl pipes what it is given and does not listen for its errors.
    stream.on('error', (error: Error) => zip.emit('error', error));
    give(null, stream);
  });
}

/** The bytes of one file, in pieces of one size however short the reads are: what is compressed depends on them. */
async function* contentOf(
  directory: string,
  { path, size }: TreeEntry,
  onBytes: ZipOptions['onBytes'],
): AsyncGenerator<Buffer> {
  const file = join(directory, path);
  // The file was none of these when it was listed; it may have been replaced.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(file, flags).catch((error: unknown) => {
    throw ioError(error, 'open', file);
  });
  try {
    onBytes?.(0, path);
    let position = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = await fill(handle, chunk, position, file);
      if (length > 0) yield chunk.subarray(0, length);
      position += length;
      onBytes?.(length, path);
      if (length < CHUNK) break;
    }
    if (position !== size) {
      throw permanent(
        'package-changed',
        `${JSON.stringify(path)} changed while it was read.`,
        'Package it when nothing writes to it any more.',
        path,
      );
    }
  } finally {
    await closeRead(handle);
  }
}

async function fill(handle: FileAccess, chunk: Buffer, position: number, file: string): Promise<number> {
  let length = 0;
  while (length < chunk.byteLength) {
    const { bytesRead } = await handle
      .read(chunk, length, chunk.byteLength - length, position + length)
      .catch((error: unknown) => {
        throw ioError(error, 'read', file);
      });
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}
