const MINUTE = 60 * 1000;
/** How long a scan goes on without the schedule. */
const SHIFT = 10 * MINUTE;
/** How long one run of it may take: less than its run timeout, which is there for those that hang. */
const RUN = 12 * MINUTE;
/**
 * Events after which a run is continued by a new one. The server refuses to end a run while events are on their way to
 * it, which in a busy scan they often are: then the worker reads the whole history again, and begins nothing meanwhile.
 */
const LONG = 2000;
/** For the end of a workflow to be known to the schedule before its next tick. */
const MARGIN = 500;

/**
 * When a scan that began at a time has to end although there is work: after a while, and a moment before a tick of the
 * schedule, whose ticks are the multiples of its period since 1970.
 */
export function endOfShift(begun: number, scanPeriod: number): number {
  const period = Math.max(1000, scanPeriod);
  return Math.ceil((begun + SHIFT) / period) * period - MARGIN;
}

/** When a run that began at a time has to be continued by a new one. */
export function endOfRun(begun: number): number {
  return begun + RUN;
}

/** Whether a run has to be continued by a new one, by its history. */
export function isLong(run: {
  readonly historyLength: number;
  readonly continueAsNewSuggested: boolean;
}): boolean {
  return run.continueAsNewSuggested || run.historyLength >= LONG;
}

/** Milliseconds from now until a time, for a timer. */
export function patienceUntil(time: number): number {
  return Math.max(1, time - Date.now());
}
