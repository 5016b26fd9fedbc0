import { createHash } from 'node:crypto';
import type { HashBinsStyle } from '../../config/config.js';

/** How the targets of a repository are spread over metadata files: `count` bins, a power of two. */
export interface HashBins {
  readonly count: number;
  readonly style: HashBinsStyle;
}

/** The top-level targets metadata: the only file where there are no bins, and what delegates to them where there are. */
export const TARGETS_FILE = 'targets.json';
/** Before the number of a bin, in names of roles and files. */
export const BIN_PREFIX = 'bins';

/** Bits of a path's hash that tell its bin. */
export function bitsOf({ count }: Pick<HashBins, 'count'>): number {
  return Math.log2(count);
}

/** The bin of a target: the first bits of the SHA-256 of its path, in UTF-8 (§4.5, TAP 15). */
export function binOf(bins: Pick<HashBins, 'count'>, path: string | Uint8Array): number {
  const bits = bitsOf(bins);
  return createHash('sha256').update(path).digest().readUInt32BE(0) >>> (32 - bits);
}

/** Name of a bin's role: `bins-0a3f`, the number in as many hexadecimal digits as the last one needs (TAP 15). */
export function binRole({ count }: Pick<HashBins, 'count'>, bin: number): string {
  return `${BIN_PREFIX}-${bin.toString(16).padStart((count - 1).toString(16).length, '0')}`;
}

/** File name of a bin without its version: `bins-0a3f.json`. */
export function binFile(bins: Pick<HashBins, 'count'>, bin: number): string {
  return `${binRole(bins, bin)}.json`;
}

/** Whether targets are spread in the same way. */
export function isSameLayout(a: HashBins | undefined, b: HashBins | undefined): boolean {
  return a?.count === b?.count && a?.style === b?.style;
}

/** All files that list targets, in order. */
export function* targetsFiles(bins: HashBins | undefined): Generator<string> {
  if (!bins) yield TARGETS_FILE;
  else for (let bin = 0; bin < bins.count; bin++) yield binFile(bins, bin);
}

/** The metadata file that lists a target. */
export function fileOf(bins: HashBins | undefined, path: string): string {
  return bins ? binFile(bins, binOf(bins, path)) : TARGETS_FILE;
}

/** Whether a metadata file of the targets roles is in use where targets are spread like this. */
export function isCurrent(bins: HashBins | undefined, file: string): boolean {
  if (file === TARGETS_FILE) return true;
  const digits = new RegExp(`^${BIN_PREFIX}-([0-9a-f]+)\\.json$`).exec(file)?.[1];
  if (!bins || digits === undefined) return false;
  const bin = Number.parseInt(digits, 16);
  return bin < bins.count && binFile(bins, bin) === file;
}

/** Prefixes, in hexadecimal digits, of the path hashes of a bin: several where its bits do not fill the last digit. */
export function pathHashPrefixes(bins: Pick<HashBins, 'count'>, bin: number): string[] {
  const digits = Math.ceil(bitsOf(bins) / 4);
  const each = 16 ** digits / bins.count;
  return Array.from({ length: each }, (_, index) => (bin * each + index).toString(16).padStart(digits, '0'));
}
