/** A part of a matrix, in a process of its own. */
import { MATRICES } from './matrices.js';

export interface ShardInput {
  readonly matrix: string;
  readonly seed: number;
  readonly isFull: boolean;
  readonly workshop: string;
  /** A quick look: only every so-manyth point. */
  readonly every: number;
  readonly shard: number;
  readonly shards: number;
  /** Only points whose name contains it. */
  readonly point?: string;
  /** Ends with the first violation. */
  readonly stopsAtFirst: boolean;
}

export interface ShardReport {
  readonly of: string;
  /** Of the whole matrix. */
  readonly points: number;
  readonly runs: number;
  readonly violations: readonly { readonly point: string; readonly found: readonly string[] }[];
}

process.once('message', (input: ShardInput) => {
  runShard(input).then(
    (report) => process.send?.(report, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function runShard(input: ShardInput): Promise<ShardReport> {
  const matrix = MATRICES.find(({ name }) => name === input.matrix);
  if (!matrix) throw new Error(`no matrix ${input.matrix}`);
  const { seed, isFull, shard, shards } = input;
  const plan = await matrix.prepare({ seed, isFull, workshop: `${input.workshop}/${String(shard)}` });
  const { every, point: text = '', stopsAtFirst } = input;
  const wanted = plan.points.filter(({ name }) => name.includes(text));
  const mine = wanted.filter((_, index) => index % every === 0 && (index / every) % shards === shard);
  const violations: { point: string; found: readonly string[] }[] = [];
  let runs = 0;
  const queue = [...mine];
  const work = async (): Promise<void> => {
    for (let point = queue.shift(); point; point = queue.shift()) {
      const found = await plan
        .run(point)
        .catch((error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)]);
      runs++;
      if (found.length > 0) violations.push({ point: point.name, found });
      if (stopsAtFirst && violations.length > 0) return;
      if (runs % 200 === 0) {
        console.log(`  ${matrix.name}, part ${String(shard + 1)}: ${String(runs)} of ${String(mine.length)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: matrix.atOnce ?? 1 }, work));
  await plan.close();
  return { of: plan.of, points: plan.points.length, runs, violations };
}
