import { dirname, join } from 'node:path';
import { link } from '../calls/index.js';
import { ioError } from '../../errors/index.js';
import type { Filling, TreeFile } from './fill.js';

/** Where a file is to be written, in a directory that is there. */
export async function placeOf<F extends TreeFile>(
  { top, directories }: Filling<F>,
  name: string,
): Promise<string> {
  const path = join(top, name);
  await directories.make(dirname(path));
  return path;
}

/** Gives a file its other names. */
export async function linkOthers<F extends TreeFile>(
  filling: Filling<F>,
  file: F,
  first: string,
): Promise<void> {
  for (const name of filling.source.namesOf(file).slice(1)) {
    const path = await placeOf(filling, name);
    await link(first, path).catch((error: unknown) => {
      throw ioError(error, 'link', path);
    });
  }
}
