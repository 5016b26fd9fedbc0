import type { FileAccess } from '../calls/index.js';
import { ioError } from '../../errors/index.js';
import { eachAtOnce } from '../at-once.js';
import { digestOf, type Digest } from '../copy.js';
import { abandonNew, closeRead, createNew, finishFile, writeAll } from '../durable.js';
import type { Filling, TreeFile } from './fill.js';
import { linkOthers, placeOf } from './place.js';

/** Of one batch; where there are many files, several batches are under way as well. */
const WRITES_AT_ONCE = 2;

interface Written<F> {
  readonly file: F;
  readonly digest: Digest;
  readonly path: string;
  /** Still open for its fsync; undefined where the file was linked. */
  readonly handle: FileAccess | undefined;
}

/**
 * Copies files of at most one chunk: one read, one write each, and their fsyncs together, as a file system commits
 * what is waiting at once. All that is written is fsynced or removed before a failure is reported.
 */
export async function fillSmall<F extends TreeFile>(filling: Filling<F>, files: readonly F[]): Promise<void> {
  const written: Written<F>[] = [];
  let failure: { readonly reason: unknown } | undefined;
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      try {
        filling.failed(error);
      } catch (reason) {
        failure ??= { reason };
      }
    }
  };
  await eachAtOnce(files, WRITES_AT_ONCE, async (file) => {
    if (failure || filling.signal?.aborted) return;
    await attempt(async () => written.push(await write(filling, file)));
  });
  const beside = failure ? undefined : filling.beside?.();
  beside?.catch(() => undefined);
  await Promise.all(written.map((one) => attempt(() => finish(filling, one))));
  await beside;
  if (failure) throw failure.reason;
  filling.signal?.throwIfAborted();
}

async function write<F extends TreeFile>(filling: Filling<F>, file: F): Promise<Written<F>> {
  const { source, algorithms, onBytes } = filling;
  const path = await placeOf(filling, source.namesOf(file)[0] ?? file.path);
  const handle = await source.open(file);
  let isLinked: boolean;
  let bytes: Uint8Array;
  try {
    isLinked = (await source.link?.(file, path)) ?? false;
    bytes = await readWhole(handle, source.pathOf(file), Buffer.allocUnsafe(file.length + 1));
    await source.check?.(file, handle);
  } catch (error) {
    // What cannot be read may be another file by now, or none.
    await source.check?.(file, handle);
    throw error;
  } finally {
    await closeRead(handle);
  }
  const digest = digestOf(bytes, algorithms);
  source.accept(file, digest);
  onBytes?.(digest.length);
  // Who made it has fsynced it: an fsync here could only hide that one has failed before.
  if (isLinked) {
    await linkOthers(filling, file, path);
    return { file, digest, path, handle: undefined };
  }
  const target = await createNew(path, 0o666);
  try {
    await writeAll(target, bytes, path);
    await linkOthers(filling, file, path);
    return { file, digest, path, handle: target };
  } catch (error) {
    await abandonNew(target, path);
    throw error;
  }
}

async function finish<F extends TreeFile>(
  filling: Filling<F>,
  { file, digest, path, handle }: Written<F>,
): Promise<void> {
  if (handle) {
    try {
      await finishFile(handle, path);
    } catch (error) {
      await abandonNew(handle, path);
      throw error;
    }
  }
  await filling.done(file, digest);
}

/** All of a file that is shorter than the buffer: one that fills it is longer than it should be. */
async function readWhole(handle: FileAccess, path: string, buffer: Buffer): Promise<Uint8Array> {
  let length = 0;
  while (length < buffer.byteLength) {
    const { bytesRead } = await handle
      .read(buffer, length, buffer.byteLength - length, length)
      .catch((error: unknown) => {
        throw ioError(error, 'read', path);
      });
    length += bytesRead;
    // A regular file gives less than was asked for only at its end.
    if (bytesRead === 0 || length === buffer.byteLength - 1) break;
  }
  return buffer.subarray(0, length);
}
