import type { HashBinsConfig, RoleName } from '../config/index.js';

/**
 * The `tufline.yaml` that `init` writes: everything that a newcomer may want to change, with its default.
 * @param name one that the configuration takes; quoted, because `12` alone would be a number.
 */
export function configText(
  { name, hashBins }: { readonly name: string; readonly hashBins: Pick<HashBinsConfig, 'count' | 'style'> },
  keyOf: (role: RoleName) => string,
): string {
  return `# An instance of tufline. Every key is described in docs/configuration.md; relative paths are relative to this file.
name: '${name}'

post_to_tuf_path: post-to-tuf    # pipelines hand packages over here
inbound_path: inbound            # they wait here to be signed
repository_path: repository      # what clients see: metadata/ and targets/
state_path: state                # the records: back them up together with the repository

scan_period: 5s                  # how often ready directories are looked for
max_concurrent_releases: 1       # one at a time, in order
give_up_after: 1h                # when trouble that sticks to one file fails its release

# How targets are spread over metadata files: "tufline bins advise" helps, "tufline bins resize" changes it.
hash_bins:
  count: ${String(hashBins.count)}
  style: ${hashBins.style}
  snapshot_entries: full         # or version: a smaller snapshot, but php-tuf wants full

# Targets that are published once and never replaced, for example:
# immutable_targets: ['**/*.zip']
immutable_targets: []

roles:
  root:
    threshold: 1
    expiry: 365d
    keys: ['${keyOf('root')}']
  targets:
    threshold: 1
    expiry: 90d
    keys: ['${keyOf('targets')}']
  bins:                          # signs for hash bins, where there are some
    threshold: 1
    expiry: 30d
    keys: ['${keyOf('bins')}']
  snapshot:
    threshold: 1
    expiry: 7d
    keys: ['${keyOf('snapshot')}']
  timestamp:
    threshold: 1
    expiry: 1d
    keys: ['${keyOf('timestamp')}']
`;
}
