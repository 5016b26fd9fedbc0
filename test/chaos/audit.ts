import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../src/config/index.js';
import { failureSchema } from '../../src/handover/index.js';
import { openRepository, verifyRepository } from '../../src/repository/index.js';
import { until } from '../support/until.js';
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { Posted } from './pipeline.js';

export interface ChaosAudit {
  readonly lost: string[];
  readonly twice: string[];
  readonly invalid: string[];
  readonly latencies: { readonly readyAt: number; readonly milliseconds: number }[];
}

/** Waits until nothing is on its road any more, then looks for every file that was ever posted. */
export async function auditChaos(
  config: Config,
  posted: readonly Posted[],
  patience: number,
): Promise<ChaosAudit> {
  const audit: ChaosAudit = { lost: [], twice: [], invalid: [], latencies: [] };
  const left = async (): Promise<string[]> =>
    (await readdir(config.postToTufPath)).filter((name) => !name.startsWith('tuf_failed_'));
  await until('all releases to be through', async () => (await left()).length === 0, patience).catch(
    async () => {
      audit.lost.push(`still on the road: ${(await left()).join(', ')}`);
    },
  );
  const repository = openRepository(config);
  for (const finding of await verifyRepository(repository))
    audit.invalid.push(`verify: ${JSON.stringify(finding)}`);

  const commits = new Map<string, number>();
  for await (const record of repository.commits.from(1)) {
    if (record.kind !== 'release') continue;
    for (const { timestamp } of record.releases) {
      if (commits.has(timestamp)) audit.twice.push(`${timestamp} is committed twice`);
      commits.set(timestamp, record.number);
    }
  }
  const publishedAt = await timesOfPublication(config);
  for (const release of posted) {
    const { timestamp, isBad, files, readyAt } = release;
    const commit = commits.get(timestamp);
    if (isBad) {
      if (commit !== undefined) audit.invalid.push(`${timestamp} is published though its input is bad`);
      await mustHaveFailed(config, timestamp, audit);
      continue;
    }
    if (commit === undefined) {
      audit.lost.push(`${timestamp} is not published`);
      continue;
    }
    const at = publishedAt.find(({ commit: upTo }) => upTo >= commit)?.at;
    if (at !== undefined) audit.latencies.push({ readyAt, milliseconds: Math.max(0, at - readyAt) });
    for (const [path, bytes] of Object.entries(files)) {
      const digest = createHash('sha256').update(bytes).digest('hex');
      const copy = join(repository.paths.targets, dirname(path), `${digest}.${basename(path)}`);
      const published = await readFile(copy).catch(() => undefined);
      if (!published?.equals(bytes)) audit.lost.push(`${path} of ${timestamp} is not in ${copy}`);
    }
  }
  if (commits.size !== posted.filter(({ isBad }) => !isBad).length) {
    audit.twice.push(`${String(commits.size)} releases are committed`);
  }
  return audit;
}

/** When each timestamp record was written, and up to which commit it shows. */
async function timesOfPublication(config: Config): Promise<{ commit: number; at: number }[]> {
  const repository = openRepository(config);
  const times = [];
  for await (const record of repository.timestamps.from(1)) {
    const { mtimeMs } = await stat(repository.timestamps.pathOf(record.number));
    times.push({ commit: (await repository.snapshots.read(record.snapshot))?.commit ?? 0, at: mtimeMs });
  }
  return times;
}

async function mustHaveFailed(config: Config, timestamp: string, audit: ChaosAudit): Promise<void> {
  const path = join(config.postToTufPath, `tuf_failed_${timestamp}`, 'tufline-error.json');
  try {
    failureSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    audit.lost.push(`${timestamp} has bad input and was not given back: ${String(error)}`);
  }
}
