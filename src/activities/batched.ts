/**
 * Gathers what comes while one run is under way and does it together in the next one: the group commit. Whoever comes
 * alone is served at once.
 *
 * @param run gives an outcome for each item, in their order; what it throws is thrown to all of them.
 */
export function batched<Item, Outcome>(
  run: (items: readonly Item[]) => Promise<readonly Outcome[]>,
): (item: Item) => Promise<Outcome> {
  let waiting: { item: Item; resolve: (outcome: Outcome) => void; reject: (reason: unknown) => void }[] = [];
  let isRunning = false;
  const work = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const outcomes = await run(batch.map(({ item }) => item));
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined) reject(new Error('an item of a batch has no outcome'));
          else resolve(outcome);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isRunning = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isRunning) void work();
    });
}

/**
 * Lets calls of one process run one after the other. It keeps nobody else out: two processes may still race, and the
 * records decide; within one it saves the work of losing.
 */
export function oneAtATime(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = last.then(run);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Milliseconds. */
const TIDY_EVERY = 10_000;

/**
 * Gives work that is tidied up after: at once where it is the only work under way, and else now and then, as with many
 * releases at once it need not be done after each of them.
 */
export function tidiedUp(tidy: () => Promise<unknown>): <T>(work: () => Promise<T>) => Promise<T> {
  let underWay = 0;
  let next = 0;
  return async (work) => {
    underWay++;
    try {
      const result = await work();
      if (underWay === 1 || performance.now() > next) {
        next = performance.now() + TIDY_EVERY;
        await tidy();
      }
      return result;
    } finally {
      underWay--;
    }
  };
}
