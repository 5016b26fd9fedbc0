import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { hasErrno, ioError, usage } from '../errors/index.js';
import type { Config, RoleConfig } from './config.js';
import { formatDuration } from './duration.js';
import { invalid, invalidKey, issueError, type Source } from './invalid.js';
import { configSchema, type ConfigDocument } from './schema.js';

/**
 * Reads and validates `tufline.yaml`.
 *
 * @param file path of the configuration file; relative paths inside it are relative to its directory.
 * @throws usage errors `config-missing`, `config-unreadable` and `config-invalid`, naming the key and its line.
 */
export async function loadConfig(file: string): Promise<Config> {
  const path = resolve(file);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) {
      throw usage(
        'config-missing',
        `There is no configuration at ${path}.`,
        'Go to the directory of an instance, give --config FILE, or make an instance with "tufline init".',
      );
    }
    if (hasErrno(error, 'EISDIR')) {
      throw usage('config-unreadable', `${path} is a directory.`, `Name the file: ${path}/tufline.yaml.`);
    }
    if (hasErrno(error, 'EACCES')) {
      throw usage(
        'config-unreadable',
        `This user may not read ${path}.`,
        'Give it read access (docs/permissions.md).',
      );
    }
    throw ioError(error, 'read', path);
  });
  return parseConfig(text, path);
}

/**
 * As {@link loadConfig}, for text that was read.
 * @param path absolute path of the file that the text is from, or will be in.
 */
export function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const source: Source = { file: path, document, lines };
  const [syntax] = document.errors;
  if (syntax) {
    const { line } = lines.linePos(syntax.pos[0]);
    throw invalid(
      path,
      `line ${String(line)}: ${syntax.message.replace(/\.$/, '')}`,
      'Correct the YAML there.',
    );
  }
  // An empty file is an instance with every default.
  const result = configSchema.safeParse(plain(source) ?? {});
  if (!result.success) throw issueError(source, result.error.issues);
  const config = toConfig(result.data, path);
  checkPaths(config, source);
  checkPruneAfter(config, result.data, source);
  return config;
}

const PRUNE_AFTER = 30 * 24 * 60 * 60 * 1000;

/** For so long a client may go on with what a timestamp has shown to it. */
function longestHold({ roles }: ConfigDocument): number {
  return Math.max(roles.snapshot.expiry, roles.timestamp.expiry);
}

function checkPruneAfter({ pruneAfter }: Config, document: ConfigDocument, source: Source): void {
  const longest = longestHold(document);
  if (pruneAfter >= longest) return;
  throw invalidKey(
    source,
    'prune_after',
    `it has to be at least ${formatDuration(longest)}, the longer one of snapshot and timestamp expiry, as clients may hold on to what they have seen for so long`,
  );
}

function plain({ file, document }: Source): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // An alias to nothing, or so many of them that they would not fit into memory.
    const why = error instanceof Error ? error.message : String(error);
    throw invalid(file, why.replace(/\.$/, ''), 'Correct the YAML there.');
  }
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
    metadataCache: document.metadata_cache,
    pruneAfter: document.prune_after ?? Math.max(PRUNE_AFTER, longestHold(document)),
    ...(document.prune_every === undefined ? {} : { pruneEvery: document.prune_every }),
    roles: {
      root: role(roles.root),
      targets: role(roles.targets),
      bins: role(roles.bins),
      snapshot: role(roles.snapshot),
      timestamp: role(roles.timestamp),
    },
    temporal: {
      ...(temporal.namespace === undefined ? {} : { namespace: temporal.namespace }),
      ...(temporal.profile === undefined ? {} : { profile: temporal.profile }),
    },
  };
}

/** Sweeping one directory must not reach into another, and a web server that serves one must serve only it. */
function checkPaths(config: Config, source: Source): void {
  const paths = [
    ['post_to_tuf_path', config.postToTufPath],
    ['inbound_path', config.inboundPath],
    ['repository_path', config.repositoryPath],
    ['state_path', config.statePath],
  ] as const;
  for (const [index, [key, path]] of paths.entries()) {
    const clash = paths.slice(0, index).find(([, other]) => inside(other, path) || inside(path, other));
    if (!clash) continue;
    throw invalidKey(
      source,
      key,
      `${path} and ${clash[0]} ${clash[1]} are the same, or one lies inside the other`,
    );
  }
  for (const [key, path] of paths) {
    if (!inside(path, config.directory)) continue;
    throw invalidKey(source, key, `${path} holds this configuration, and perhaps keys`);
  }
}

function inside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}
