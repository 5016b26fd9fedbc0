/** A line that keeps a guarantee, and what turns red without it. */
export interface Guard {
  /** G1 to G7 (README.md). */
  readonly guarantee: string;
  readonly file: string;
  /** Text in the file; it has to be there exactly once. */
  readonly line: string;
  /** What stands there instead; by default nothing. */
  readonly instead?: string;
  /** What the line prevents. */
  readonly why: string;
  /** Arguments of `npm run test:faults --`, or tests of `npm test --`. */
  readonly proof: { readonly faults: readonly string[] } | { readonly tests: string };
}

export const GUARDS: readonly Guard[] = [
  {
    guarantee: 'G1',
    file: 'src/activities/monitor.ts',
    line: 'await mustBePublished(repository, timestamp, release);',
    why: 'what was handed over is deleted before clients can see it',
    proof: { tests: 'faults/nothing-deleted-early' },
  },
  {
    guarantee: 'G1',
    file: 'src/handover/cleanup.ts',
    line: 'if (stats?.isFile() && isSameFile(file, seenAs(file.path, stats, file.inode !== undefined)))',
    why: 'a file that the pipeline has exchanged is deleted unpublished',
    proof: { tests: 'handover/steps' },
  },
  {
    guarantee: 'G1',
    file: 'src/handover/move.ts',
    line: 'await mustBeUnchanged(processing, claim, signal);',
    why: 'a pipeline that still writes has a part of its files published',
    proof: { tests: 'handover/bad-input' },
  },
  {
    guarantee: 'G1',
    file: 'src/handover/inbound.ts',
    line: 'await rename(directory, aside);',
    instead: 'return await removeTree(directory, signal);',
    why: 'a copy that is half removed is installed by its maker who was late, and stays',
    proof: { tests: 'handover/late-install' },
  },
  {
    guarantee: 'G2',
    file: 'src/files/durable.ts',
    line: 'await link(from, to);',
    instead: 'await rename(from, to);',
    why: 'of two workers that record one number the second overwrites the first',
    proof: { faults: ['two-of-each', '--every', '4'] },
  },
  {
    guarantee: 'G2',
    file: 'src/repository/roles/append.ts',
    line: 'await log.makeDurable();',
    why: 'a record that a killed worker linked vanishes in a power cut under what rests on it',
    proof: { faults: ['power-loss', '--point', 'killed'] },
  },
  {
    guarantee: 'G2',
    file: 'src/handover/move.ts',
    line: '// A late attempt finds files gone that another run of this release has published and cleaned up.\n    if ((await options.decisionOf(release)) !== undefined) return undefined;',
    why: 'a late copy of a published release blames the pipeline for the files that were cleaned up',
    proof: { faults: ['two-of-each', '--point', 'mkdir inbound'] },
  },
  {
    guarantee: 'G2',
    file: 'src/handover/cleanup.ts',
    line: '// Files must not come back after a power cut when the claim that tells whose they are does not.\n  await fsyncDirectory(directory);',
    why: 'deleted files come back after a power cut, and nobody knows whose they are',
    proof: { faults: ['power-loss', '--point', 'of an undisturbed release'] },
  },
  {
    guarantee: 'G3',
    file: 'src/files/durable.ts',
    line: `await handle.sync().catch((error: unknown) => {
    throw ioError(error, 'fsync', path);
  });
  // On NFS`,
    instead: '// On NFS',
    why: 'what clients see is empty after a power cut',
    proof: { faults: ['power-loss', '--point', 'of an undisturbed release'] },
  },
  {
    guarantee: 'G3',
    file: 'src/repository/staging/install.ts',
    line: 'await makeDurable(touched);\n  await eachAtOnce(found, AT_ONCE, removeStage);',
    instead: 'await eachAtOnce(found, AT_ONCE, removeStage);',
    why: 'metadata lists files whose names a power cut takes away',
    proof: { faults: ['power-loss', '--point', 'of an undisturbed release'] },
  },
  {
    guarantee: 'G3',
    file: 'src/repository/roles/append.ts',
    line: 'await redo(repository, latest);',
    why: 'what a killed worker had recorded is never put in place',
    proof: { faults: ['kill', '--point', 'commits/3.json'] },
  },
  {
    guarantee: 'G3',
    file: 'src/repository/roles/timestamp-role.ts',
    line: 'record, stage, before))',
    instead: 'record, stage))',
    why: 'a timestamp shows a snapshot whose name a power cut takes away',
    proof: { tests: 'repository/crash-points' },
  },
  {
    guarantee: 'G3',
    file: 'src/repository/staging/install.ts',
    line: 'await makeDurable(touched);\n  await replace(releases, touched);\n  await makeDurable(touched);',
    instead: 'await replace(releases, touched);',
    why: 'metadata of a worker that sleeps is shown, and a power cut takes the names of its targets away',
    proof: { tests: 'repository/crash-points' },
  },
  {
    guarantee: 'G4',
    file: 'src/repository/staging/install.ts',
    line: '...releases.map(({ links }) => place(links, linkInto, touched)),',
    why: 'a release becomes visible without its files',
    proof: { faults: ['kill', '--point', 'timestamp.json'] },
  },
  {
    guarantee: 'G5',
    file: 'src/handover/walk.ts',
    line: 'refuseType(path, stats);',
    why: 'symbolic links and devices are followed instead of refused',
    proof: { tests: 'handover/bad-input' },
  },
  {
    guarantee: 'G5',
    file: 'src/handover/walk.ts',
    line: '0x65735546, // FUSE: sshfs, s3fs …',
    why: 'good input is refused as changed where inode numbers are made up',
    proof: { tests: 'faults/network-file-system' },
  },
  {
    guarantee: 'G5',
    file: 'src/files/calls/directly.ts',
    line: 'if (calls % CALLS_IN_A_ROW === 0) await nextTurn();',
    why: 'a large directory stops heartbeats and cancels of all releases',
    proof: { tests: 'files/calls' },
  },
  {
    guarantee: 'G5',
    file: 'src/files/calls/calls.ts',
    line: "if (flags === 'r') return constants.O_RDONLY | constants.O_NONBLOCK;",
    why: 'a pipe in a ready directory stops the monitor',
    proof: { tests: 'files/calls' },
  },
  {
    guarantee: 'G6',
    file: 'src/repository/roles/newest-commit.ts',
    line: 'assertSigned(authority, envelope, path);',
    why: 'the snapshot includes targets metadata that the targets key has not signed',
    proof: { tests: 'faults/refusals' },
  },
  {
    guarantee: 'G6',
    file: 'src/repository/roles/timestamp-role.ts',
    line: "refuseExpired('snapshot', snapshot, repository.now());",
    why: 'clients are shown an expired snapshot',
    proof: { tests: 'faults/refusals' },
  },
  {
    guarantee: 'G6',
    file: 'src/signers/read-secret.ts',
    line: '(status.mode & 0o077) !== 0',
    instead: 'status.mode < 0',
    why: 'a key that others may read is used',
    proof: { tests: 'signers/file-signer' },
  },
  {
    guarantee: 'G7',
    file: 'src/repository/roles/commit-releases.ts',
    line: 'if (before) outcomes.set(release, await outcomeOf(release, before));',
    why: 'what was cancelled and given back is committed by a late worker',
    proof: { tests: 'repository/rules' },
  },
  {
    guarantee: 'G7',
    file: 'src/workflows/release.ts',
    line: "if (input.cancelled) throw new CancelledFailure('Begun to be cancelled');",
    why: 'what was cancelled before it began is published where the request comes late',
    proof: { tests: 'workflows/releases' },
  },
];
