import { constants } from 'node:os';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerRole } from '../../src/config/index.js';
import { buildPrograms, type Programs } from './bare/build.js';
import { ChildExecutor, FreshExecutor } from './bare/executors.js';
import type { Failure } from './bare/messages.js';
import { releaseAll, type Conductor } from './bare/release.js';
import { callsOfRelease, nameOfCall, readCalls, type LoggedCall, type RoleCall } from './calls.js';
import { everyNth, type Matrix, type MatrixOptions, type Plan, type Point } from './matrix.js';
import { auditAtLast, freshConductor, Template, type Shape } from './world.js';

/** Numbers, as Node has no name for some of them. */
const { EIO, ENOSPC, EDQUOT, ESTALE, EROFS, EMFILE } = constants.errno;
export const ERRNOS = { EIO, ENOSPC, EDQUOT, ESTALE, EROFS, EMFILE } as const;
const NAMES = Object.keys(ERRNOS) as (keyof typeof ERRNOS)[];
/** Calls that fail in a row where trouble lasts: several attempts of a step. */
const LASTS = 10;

interface ErrorPoint extends Point {
  readonly role: WorkerRole;
  readonly fault: string;
  /** What the sentence has to name. */
  readonly errno: string;
  readonly isLost: boolean;
}

/** Calls whose answer can be lost after they were done, as over NFS. */
const CHANGING = new Set(['rename', 'link', 'unlink', 'mkdir', 'rmdir', 'write', 'fsync', 'close', 'create']);

/** Errors of the file system at every call. */
export const errors = errorsOf(
  'flat',
  'errors',
  'EIO, ENOSPC, EDQUOT, ESTALE, EROFS, EMFILE at every call: once, for a while, and after it was done',
);
export const errorsInBins = errorsOf(
  'bins',
  'errors-bins',
  'the same errors with hash bins and two releases at once',
);

function errorsOf(shape: Shape, name: string, title: string): Matrix {
  return { name, title, varies: shape !== 'flat', prepare: (options) => prepare(shape, options) };
}

async function prepare(shape: Shape, options: MatrixOptions): Promise<Plan> {
  const { seed, isFull, workshop } = options;
  const programs = await buildPrograms(workshop);
  const template = await Template.make({ shape });
  const calls = await callsOfRelease(template, programs);
  // Calls of several threads come in an order of their own each time: what is counted is each kind of them.
  const counts = new Map<string, number>();
  const points = calls.flatMap((call, index) => {
    const names = isFull ? NAMES : [NAMES[(index + seed) % NAMES.length] ?? 'EIO'];
    const count = (counts.get(call.name) ?? 0) + 1;
    counts.set(call.name, count);
    // That an answer is lost is tried at each call too, with three seeds.
    const isLost = CHANGING.has(call.name) && (isFull || (count + seed) % 3 === 0);
    return names.flatMap((errno) => pointsOf(call, errno, nameOfCall(call, template.world), isLost));
  });
  return {
    of: `${String(calls.length)} calls`,
    points: shape === 'flat' ? points : everyNth(points, 11, options),
    run: (point) => run(point as ErrorPoint, template, programs),
    close: () => template.remove(),
  };
}

function pointsOf(
  call: RoleCall,
  errno: keyof typeof ERRNOS,
  name: string,
  isAnswerLost: boolean,
): ErrorPoint[] {
  const at = (what: string, fault: string, count: number, isLost: boolean): ErrorPoint => ({
    name: `${errno} ${what} ${name}`,
    role: call.role,
    fault: `${fault}:${String(call.number)}:${String(ERRNOS[errno])}:${String(count)}`,
    errno,
    isLost,
  });
  const both = [at('once', 'error', 1, false), at('for a while from', 'error', LASTS, false)];
  // What is said to be taken back by the close of a file that was only read has no consequence.
  return isAnswerLost ? [...both, at('after', 'unknown', 1, true)] : both;
}

async function run(point: ErrorPoint, template: Template, programs: Programs): Promise<string[]> {
  const { role, fault, errno } = point;
  const world = await template.copy();
  const log = join(world.directory, '..', `${String(process.pid)}.log`);
  const found: string[] = [];
  let child: ChildExecutor | FreshExecutor = new ChildExecutor(role, world.config, {
    ...{ programs, roots: world.roots, fault, log },
  });
  const first = child;
  const fresh = freshConductor(world.config);
  const check = (failure: Failure): Promise<void> => {
    const complaint = complaintAbout(failure, errno);
    if (complaint !== undefined) found.push(complaint);
    return Promise.resolve();
  };
  const conductor: Conductor = {
    ...fresh,
    executor: (other) => (other === role ? child : fresh.executor(other)),
    onFailure: (_, __, failure) => check(failure),
    // It could not start and said why; a supervisor starts it again.
    onDeath: () => {
      child = new FreshExecutor(role, world.config);
      return Promise.resolve();
    },
  };
  await releaseAll(conductor, world.atOnce);
  await first.end();
  found.push(...repeatedFsyncs(await readCalls(log)));
  found.push(...(await auditAtLast(world)));
  await world.remove();
  await rm(log, { force: true });
  await rm(`${log}.data`, { force: true });
  return found;
}

/** The sentence that an operator reads in Temporal while the trouble lasts: file, operation, cause, remedy. */
export function complaintAbout(
  { type, message }: Omit<Failure, 'isPermanent'>,
  errno: string,
): string | undefined {
  const isSentence = new RegExp(`^Could not [a-z ]+ /\\S+: .+ \\(${errno}\\)\\. .+\\.$`).test(
    message.replace(' Other files of this release read well.', ''),
  );
  if (isSentence && type !== 'unexpected') return undefined;
  // Another step's consequence, in words of its own.
  if (type !== 'unexpected' && /\.$/.test(message) && /\//.test(message) && !/^io-/.test(type))
    return undefined;
  return `the failure does not say file, operation, cause and remedy: ${type}: ${message}`;
}

/** An fsync that failed is never asked for again on the same open file. */
function repeatedFsyncs(calls: readonly LoggedCall[]): string[] {
  const failed = new Map<number, string>();
  const found: string[] = [];
  for (const { name, fd, result, path, number } of calls) {
    if (name === 'close' || name === 'create' || name === 'open')
      failed.delete(name === 'close' ? fd : result);
    if (name !== 'fsync' && name !== 'fdatasync') continue;
    if (failed.has(fd)) found.push(`call ${String(number)} repeats the fsync of ${path} that had failed`);
    if (result < 0) failed.set(fd, path);
  }
  return found;
}
