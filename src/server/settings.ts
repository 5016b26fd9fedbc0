/** What the embedded server is run with beside its addresses and its file. `npm run bench:hops` measures each. */
export interface ServerSettings {
  /** Dynamic configuration of the Temporal server. */
  readonly dynamicConfig: Readonly<Record<string, number | boolean>>;
  readonly sqlitePragmas: Readonly<Record<string, string>>;
  /** Of the server's process, where ours does not say otherwise. */
  readonly environment: Readonly<Record<string, string>>;
}

export const SETTINGS: ServerSettings = {
  dynamicConfig: {
    // Otherwise every step of a workflow waits for the next twentieth of a second.
    'history.transferProcessorMaxPollRPS': 2000,
    // The monitor's own steps come back with the answer to the workflow task that schedules them.
    'system.enableActivityEagerExecution': true,
    // One server needs no partitions, and no forwarding between them.
    'matching.numTaskqueueReadPartitions': 1,
    'matching.numTaskqueueWritePartitions': 1,
    // A release that is through by then has one record written into the sixty indexes of the list, not two.
    'history.visibilityProcessorMaxPollRPS': 1,
  },
  sqlitePragmas: {
    // Measured: 77 instead of 280 ms a release with 200 at once. What a power cut may take, the records survive.
    journal_mode: 'WAL',
    synchronous: 'NORMAL',
  },
  // A tenth of its time was collecting garbage; it may have some memory instead.
  environment: { GOGC: '400', GOMEMLIMIT: '512MiB' },
};

/** As arguments of `temporal server start-dev`. */
export function settingsAsArguments({ dynamicConfig, sqlitePragmas }: ServerSettings): string[] {
  return [
    ...Object.entries(sqlitePragmas).flatMap(([name, value]) => ['--sqlite-pragma', `${name}=${value}`]),
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}
