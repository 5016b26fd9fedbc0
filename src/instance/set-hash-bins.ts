import { readFile, realpath, stat } from 'node:fs/promises';
import { isScalar, parseDocument } from 'yaml';
import { parseConfig, type HashBinsConfig } from '../config/index.js';
import { ioError } from '../errors/index.js';
import { replaceFile } from '../files/index.js';

type Layout = Pick<HashBinsConfig, 'count' | 'style'>;

/**
 * Writes into `tufline.yaml` how targets are spread now. Nothing else in it changes.
 * @param file absolute path of the configuration.
 * @returns whether it had to be written.
 * @throws transient `io-…`; usage `config-invalid` where the file cannot be read as a configuration.
 */
export async function setHashBins(file: string, layout: Layout): Promise<boolean> {
  // What a symbolic link leads to is written, and not the link replaced.
  const path = await realpath(file).catch((error: unknown) => {
    throw ioError(error, 'look at', file);
  });
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw ioError(error, 'read', path);
  });
  const { hashBins } = parseConfig(text, file);
  if (hashBins.count === layout.count && (layout.count === 0 || hashBins.style === layout.style))
    return false;
  const changed = withHashBins(text, layout);
  parseConfig(changed, file);
  const { mode } = await stat(path).catch((error: unknown) => {
    throw ioError(error, 'look at', path);
  });
  await replaceFile(path, Buffer.from(changed), mode & 0o777);
  return true;
}

/** The text of a configuration with another layout in it; comments and order stay. */
export function withHashBins(text: string, { count, style }: Layout): string {
  const wanted = { count: String(count), ...(count === 0 ? {} : { style }) };
  let changed = text;
  for (const [key, value] of Object.entries(wanted)) changed = withValue(changed, key, value);
  return changed;
}

function withValue(text: string, key: string, value: string): string {
  const document = parseDocument(text);
  const node: unknown = document.getIn(['hash_bins', key], true);
  // In its place, byte for byte: written anew as a whole, the document would lose how its comments are aligned.
  if (isScalar(node) && node.range) {
    const [start, end] = node.range;
    if (end > start) return `${text.slice(0, start)}${value}${text.slice(end)}`;
  }
  document.setIn(['hash_bins', key], key === 'count' ? Number(value) : value);
  return document.toString({ lineWidth: 0 });
}
