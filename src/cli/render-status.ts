import Table from 'cli-table3';
import { formatDuration, ROLES } from '../config/index.js';
import type { Status, TemporalStatus } from '../status/index.js';
import { colours } from './output.js';

/** `status` for people. */
export function renderStatus(status: Status, now = new Date()): string {
  return [
    `${colours.bold(status.name)}  ${status.directory}`,
    renderAttention(status.attention),
    ...renderHandover(status, now),
    ...renderRepository(status, now),
    ...renderTemporal(status.temporal),
  ].join('\n');
}

function renderAttention(attention: readonly string[]): string {
  if (attention.length === 0) return colours.green('Nothing needs a person.');
  return attention.map((sentence) => `${colours.yellow('!')} ${sentence}`).join('\n');
}

function renderHandover({ handover }: Status, now: Date): string[] {
  if (!handover) return [];
  const { entries } = handover;
  if (entries.length === 0) return ['', 'Nothing is ready, processing or failed.'];
  const rows = entries.map(({ name, state, since, files }) => [
    name,
    state,
    `${formatDuration(Math.max(0, now.getTime() - Date.parse(since)))} ago`,
    files === undefined ? '' : String(files),
  ]);
  return ['', table(['directory', 'state', 'since', 'files'], rows)];
}

function renderRepository({ repository }: Status, now: Date): string[] {
  if (!repository) return [];
  const rows = ROLES.flatMap((role) => {
    const state = repository.roles[role];
    if (!state) return [];
    const { version, expires, keyids, threshold } = state;
    const left = Date.parse(expires) - now.getTime();
    const keys = `${String(threshold)} of ${String(keyids.length)}: ${keyids.map((id) => id.slice(0, 8)).join(', ')}`;
    return [[role, String(version), left > 0 ? `in ${formatDuration(left)}` : colours.red('expired'), keys]];
  });
  const latest = repository.latestCommits.find(({ kind }) => kind === 'release');
  const when = latest ? `, last release ${latest.releases.map(({ timestamp }) => timestamp).join(', ')}` : '';
  const { hashBins } = repository;
  const inBins = hashBins ? ` in ${String(hashBins.count)} bins (${hashBins.style})` : '';
  return [
    '',
    table(['role', 'version', 'expires', 'keys'], rows),
    `${String(repository.targets)} targets${inBins}, ${String(repository.commits)} commits${when}`,
    ...repository.unpublished.map(({ timestamp }) => `${timestamp} is committed and not visible yet.`),
  ];
}

function renderTemporal(temporal: TemporalStatus): string[] {
  if (!temporal.reachable) return ['', `Temporal: ${temporal.problem}`];
  const { address, ui, schedule, workers, running } = temporal;
  const workerWords = workers.map(({ role, workers: count }) => `${role} ${String(count)}`).join(', ');
  const scheduleWords = !schedule
    ? 'none'
    : schedule.paused
      ? 'paused'
      : `next scan ${schedule.next?.slice(11, 19) ?? '?'} UTC`;
  return [
    '',
    `Temporal: ${address}${ui === undefined ? '' : `, UI ${ui}`}; schedule: ${scheduleWords}; workers: ${workerWords}`,
    ...running.map(({ timestamp, state, step }) => {
      const trouble = step?.failure === undefined ? '' : `, attempt ${String(step.attempt)}: ${step.failure}`;
      return `  ${timestamp}: ${state ?? 'running'}${trouble}`;
    }),
  ];
}

function table(head: string[], rows: string[][]): string {
  const made = new Table({
    head: head.map((title) => colours.bold(title)),
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
  });
  made.push(...rows);
  return made.toString();
}

/** Columns with nothing but space between them. */
export const NO_LINES = {
  ...{
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
  },
  ...{
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
};
