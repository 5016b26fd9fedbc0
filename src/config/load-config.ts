import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { hasErrno, ioError, usage, type TuflineError } from '../errors/index.js';
import type { Config, RoleConfig } from './config.js';
import { configSchema, type ConfigDocument } from './schema.js';

/**
 * Reads and validates `tufline.yaml`.
 *
 * @param file path of the configuration file; relative paths inside it are relative to its directory.
 * @throws usage errors `config-missing` and `config-invalid`, naming the key and its line.
 */
export async function loadConfig(file: string): Promise<Config> {
  const path = resolve(file);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw ioError(error, 'read', path);
    throw usage(
      'config-missing',
      `There is no configuration at ${path}.`,
      'Go to the directory of an instance, give --config FILE, or make an instance with "tufline init".',
    );
  });
  return parseConfig(text, path);
}

/** As {@link loadConfig}, for text that was read. */
export function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [syntax] = document.errors;
  if (syntax) {
    throw invalid(
      path,
      `line ${String(lines.linePos(syntax.pos[0]).line)}: ${syntax.message}`,
      'Correct the YAML.',
    );
  }
  const result = configSchema.safeParse(document.toJS() ?? {});
  if (!result.success) throw describeIssue(path, document, lines, result.error.issues);
  return toConfig(result.data, path);
}

function toConfig(document: ConfigDocument, file: string): Config {
  const directory = dirname(file);
  const { roles, temporal } = document;
  const role = ({
    threshold,
    expiry,
    refresh_before,
    keys,
  }: ConfigDocument['roles']['root']): RoleConfig => ({
    threshold,
    expiry,
    refreshBefore: refresh_before ?? Math.floor(expiry / 3),
    keys,
  });
  return {
    file,
    directory,
    name: document.name,
    postToTufPath: resolve(directory, document.post_to_tuf_path),
    inboundPath: resolve(directory, document.inbound_path),
    repositoryPath: resolve(directory, document.repository_path),
    statePath: resolve(directory, document.state_path),
    scanPeriod: document.scan_period,
    maxConcurrentReleases: document.max_concurrent_releases,
    giveUpAfter: document.give_up_after,
    hashBins: {
      count: document.hash_bins.count,
      style: document.hash_bins.style,
      snapshotEntries: document.hash_bins.snapshot_entries,
    },
    hashAlgorithms: document.hash_algorithms,
    keyIds: document.key_ids,
    plainTargetNames: document.plain_target_names,
    immutableTargets: document.immutable_targets,
    roles: {
      root: role(roles.root),
      targets: role(roles.targets),
      snapshot: role(roles.snapshot),
      timestamp: role(roles.timestamp),
    },
    temporal: {
      ...(temporal.namespace === undefined ? {} : { namespace: temporal.namespace }),
      ...(temporal.profile === undefined ? {} : { profile: temporal.profile }),
    },
  };
}

function describeIssue(
  file: string,
  document: Document,
  lines: LineCounter,
  issues: readonly z.core.$ZodIssue[],
): TuflineError {
  const [issue] = issues;
  if (!issue) return invalid(file, 'it cannot be used', 'See docs/configuration.md.');
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = unknown === undefined ? issue.path : [...issue.path, unknown];
  const key = path.join('.');
  const at = lineOf(document, lines, path);
  if (unknown !== undefined) {
    const near = nearest(unknown, knownKeys(issue.path));
    return invalid(
      file,
      `${at}${key} is no key that tufline knows`,
      near === undefined ? 'See docs/configuration.md for the keys there are.' : `Did you mean ${near}?`,
    );
  }
  return invalid(
    file,
    `${at}${key === '' ? 'the document' : key}: ${issue.message}`,
    'Correct it; docs/configuration.md has every key.',
  );
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): string {
  // A missing key has no line; the nearest key above it has.
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
      continue;
    const offset: unknown = node.range[0];
    if (typeof offset === 'number') return `line ${String(lines.linePos(offset).line)}: `;
  }
  return '';
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  switch (path[0]) {
    case undefined:
      return Object.keys(configSchema.shape);
    case 'roles':
      return path.length === 1
        ? ['root', 'targets', 'snapshot', 'timestamp']
        : ['threshold', 'expiry', 'refresh_before', 'keys'];
    case 'hash_bins':
      return ['count', 'style', 'snapshot_entries'];
    case 'temporal':
      return ['namespace', 'profile'];
    default:
      return [];
  }
}

/** The known key that differs least, if it differs little. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= Math.max(2, Math.floor(key.length / 3)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function invalid(file: string, what: string, remedy: string): TuflineError {
  return usage('config-invalid', `${file}: ${what}.`, remedy);
}
