import { formatDuration, ROLES, type Config } from '../config/index.js';
import { TuflineError } from '../errors/index.js';
import { surveyHandover, type Survey } from '../handover/index.js';
import { openRepository, publishedState, type PublishedState } from '../repository/index.js';
import type { Environment } from '../temporal/index.js';
import { collectTemporal, type TemporalStatus } from './temporal-status.js';

/** Everything that `status` tells, as data (docs/schemas/status.schema.json). */
export interface Status {
  readonly name: string;
  readonly directory: string;
  readonly handover?: Survey;
  readonly repository?: PublishedState;
  readonly temporal: TemporalStatus;
  /** What needs a person, most urgent first: sentences with what to do. */
  readonly attention: readonly string[];
}

const ROOT_WARNING = 30 * 24 * 60 * 60 * 1000;

/** Looks at directories and records, and at Temporal where it answers. Changes nothing. */
export async function collectStatus(
  config: Config,
  environment: Environment,
  now = new Date(),
): Promise<Status> {
  const attention: string[] = [];
  const attempt = async <T>(look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof TuflineError)) throw error;
      attention.push(error.sentence);
      return undefined;
    }
  };
  const repository = await attempt(() => publishedState(openRepository(config)));
  const handover = await attempt(() => surveyHandover(config.postToTufPath, now));
  const temporal = await collectTemporal(config, environment);
  if (repository)
    attention.push(...aboutExpiries(config, repository, now), ...aboutLayout(config, repository));
  if (handover) attention.push(...aboutHandover(handover));
  attention.push(...aboutTemporal(config, temporal, handover));
  return {
    name: config.name,
    directory: config.directory,
    ...(handover ? { handover } : {}),
    ...(repository ? { repository } : {}),
    temporal,
    attention,
  };
}

function aboutExpiries(config: Config, { roles }: PublishedState, now: Date): string[] {
  return ROLES.flatMap((role) => {
    const state = roles[role];
    if (!state) return [];
    const left = Date.parse(state.expires) - now.getTime();
    if (left <= 0) {
      const who =
        role === 'root' ? 'Sign a new root' : `Start the workers: the next scan has ${role} signed anew`;
      return [
        `The ${role} metadata expired ${formatDuration(-left)} ago, and clients refuse the repository. ${who}.`,
      ];
    }
    if (role === 'root') {
      return left < ROOT_WARNING
        ? [`The root metadata expires in ${formatDuration(left)}. Sign a new root before that.`]
        : [];
    }
    return left < config.roles[role].refreshBefore / 2
      ? [
          `The ${role} metadata expires in ${formatDuration(left)} and was not signed anew. Check that the workers and the schedule run.`,
        ]
      : [];
  });
}

/** Nothing breaks where they differ: the records count. But whoever reads the configuration is misled. */
function aboutLayout({ hashBins: { count, style } }: Config, { hashBins }: PublishedState): string[] {
  const recorded = hashBins?.count ?? 0;
  if (recorded === count && (count === 0 || hashBins?.style === style)) return [];
  const inWords = (bins: number, of: string | undefined): string =>
    bins === 0 ? 'one file' : `${String(bins)} bins (${of ?? ''})`;
  return [
    `hash_bins in tufline.yaml says ${inWords(count, style)}, but targets are spread over ${inWords(recorded, hashBins?.style)}. Spread them anew with "tufline bins resize ${String(count)}", or write into tufline.yaml what is.`,
  ];
}

function aboutHandover({ entries, remarks }: Survey): string[] {
  const failed = entries.flatMap(({ state, name, timestamp, failure }) =>
    state === 'failed'
      ? [
          `${name} failed: ${failure ? `${failure.message} ${failure.remedy}` : 'it does not say why.'} Then: tufline retry ${timestamp}.`,
        ]
      : [],
  );
  return [...failed, ...remarks];
}

function aboutTemporal(config: Config, temporal: TemporalStatus, handover: Survey | undefined): string[] {
  const waiting = (handover?.entries ?? []).filter(
    ({ state }) => state === 'ready' || state === 'processing',
  ).length;
  if (!temporal.reachable) {
    return waiting > 0
      ? [
          `${String(waiting)} releases wait, and ${temporal.problem} Start "tufline dev" or the production server.`,
        ]
      : [];
  }
  const sentences: string[] = [];
  const { schedule, workers, running } = temporal;
  if (!schedule)
    sentences.push(`There is no schedule ${config.name}-scan. Make it with "tufline schedule apply".`);
  else if (schedule.paused)
    sentences.push(`The schedule is paused (${schedule.note}). Resume it with "tufline schedule resume".`);
  for (const { role, workers: count } of workers) {
    if (count === 0)
      sentences.push(`No ${role} worker has asked for work lately. Start it with "tufline worker ${role}".`);
  }
  for (const { timestamp, step } of running) {
    if (step?.failure === undefined || step.attempt < 3) continue;
    sentences.push(
      `The release ${timestamp} is stuck in ${step.name} (attempt ${String(step.attempt)}): ${step.failure}`,
    );
  }
  return sentences;
}
