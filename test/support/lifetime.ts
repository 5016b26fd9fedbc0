import type { TestContext } from 'node:test';

/** Whatever has an end: a test, or a script. */
export interface Lifetime {
  after(end: () => Promise<unknown>): void;
}

/** What a test began ends in reverse order: workers before their server, and the directory of both last. */
export function lifetimeOf(test: Pick<TestContext, 'after'>): Lifetime {
  const ends: (() => Promise<unknown>)[] = [];
  test.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return { after: (end) => ends.push(end) };
}
