import { assertClientsSeeAllOfIt, timestampVersion } from '../support/client-view.js';
import { callsOf, SimulatedProcess, type Call, type StopAt } from '../support/simulated-process.js';
import { StepFailed } from './bare/executors.js';
import { releaseAll } from './bare/release.js';
import { everyNth, seeded, type Matrix, type MatrixOptions, type Plan, type Point } from './matrix.js';
import { audit, freshConductor, Template, type Shape, type World } from './world.js';

interface Interleaving extends Point {
  /** Where the first set of workers is put to sleep. */
  readonly first: StopAt;
  /** Where the second one is, before the first wakes up; undefined: it runs to its end. */
  readonly second?: StopAt;
}

/** For each point of the first, so many points of the second. */
const SECOND_STOPS: Readonly<Record<Shape, number>> = { flat: 5, bins: 1 };

/**
 * Two whole sets of workers on one instance, each with a scan of its own, as after a mistaken deployment or a lost
 * Temporal database: the first runs to one change of the file system, the second to another, then the first to
 * its end, then the second.
 */
export const twoOfEach = twoOfEachOf(
  'flat',
  'two-of-each',
  'two scans, monitors, targets, snapshot and timestamp workers at once, interleaved at every change',
);
export const twoOfEachInBins = twoOfEachOf(
  'bins',
  'two-of-each-bins',
  'two of each with hash bins, and two releases at once in each of them',
);

function twoOfEachOf(shape: Shape, name: string, title: string): Matrix {
  return { name, title, varies: shape !== 'flat', prepare: (options) => prepare(shape, options) };
}

async function prepare(shape: Shape, options: MatrixOptions): Promise<Plan> {
  const { seed, isFull } = options;
  const template = await Template.make({ shape, allInMemory: true });
  const dry = await template.copy();
  const calls = await callsOf(() => runAll(dry));
  await dry.remove();
  const random = seeded(seed);
  const points = calls.flatMap((call, index) => {
    const first = stopAt(index);
    const alone = { name: `one stops after ${nameOf(call, index)}, the other runs through`, first };
    const others = calls.map((_, other) => other);
    const chosen = isFull ? others : sample(others, SECOND_STOPS[shape], random);
    return [
      alone,
      ...chosen.map((other): Interleaving => {
        const where = calls[other];
        if (!where) throw new Error('no such call');
        return {
          name: `one stops after ${nameOf(call, index)}, the other after ${nameOf(where, other)}`,
          first,
          second: stopAt(other),
        };
      }),
    ];
  });
  return {
    of: `${String(calls.length)} changes`,
    points: shape === 'flat' ? points : everyNth(points, 2, options),
    run: (point) => run(point as Interleaving, template),
    close: () => template.remove(),
  };
}

async function run({ first, second }: Interleaving, template: Template): Promise<string[]> {
  const world = await template.copy();
  const { repositoryPath } = world.config;
  const found: string[] = [];
  let version = await timestampVersion(repositoryPath);
  const afterCall = async ({ name, path }: Call): Promise<void> => {
    // Nothing else changes what clients see.
    if (name !== 'rename' || !path.endsWith('/timestamp.json')) return;
    const now = await timestampVersion(repositoryPath);
    if (now < version) found.push(`timestamp.json goes back from ${String(version)} to ${String(now)}`);
    version = now;
    await assertClientsSeeAllOfIt(repositoryPath);
  };
  const one = new SimulatedProcess(first, { afterCall });
  const other = new SimulatedProcess(second, { afterCall });
  check(found, 'the first', await one.run(() => runAll(world)));
  check(found, 'the second', await other.run(() => runAll(world)));
  await assertClientsSeeAllOfIt(repositoryPath);
  check(found, 'the first, woken up,', await one.goOn());
  check(found, 'the second, woken up,', await other.goOn());
  // Whoever could not get its turn is started again by the next scan.
  await world.releaseAll();
  await assertClientsSeeAllOfIt(repositoryPath);
  found.push(...(await audit(world.config, world.expected)));
  for (const simulated of [one, other]) await simulated.abandon();
  await world.remove();
  return found;
}

async function runAll(world: World): Promise<void> {
  await releaseAll(freshConductor(world.config), world.atOnce);
}

type Outcome = Awaited<ReturnType<SimulatedProcess['run']>>;

/** Trouble that is tried again is allowed; anything else is not. */
function check(found: string[], who: string, outcome: Outcome): void {
  if (outcome.state !== 'failed') return;
  const { error } = outcome;
  if (error instanceof StepFailed && !error.failure.isPermanent && error.failure.type !== 'unexpected')
    return;
  found.push(`${who} fails: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

function stopAt(index: number): StopAt {
  return { call: index + 1, when: 'after' };
}

function nameOf({ name, path }: Call, index: number): string {
  const short = path
    .replaceAll(/[0-9a-f]{12,}|[0-9a-f-]{36}/g, '*')
    .split('/')
    .slice(-2)
    .join('/');
  return `${String(index + 1)} ${name} ${short}`;
}

function sample(values: readonly number[], count: number, random: () => number): number[] {
  const left = [...values];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0] ?? 0,
  );
}
