/** One kind of fault at every point where it can happen. */
export interface Matrix {
  readonly name: string;
  /** For the table: one line. */
  readonly title: string;
  /** Its runs mostly wait for processes of their own: so many of them at once, from one part, instead of parts. */
  readonly atOnce?: number;
  /** Two releases at once do not make exactly the same calls each time: parts may count one more or less. */
  readonly varies?: boolean;
  /** Makes what every run begins from, and lists the points. */
  prepare(options: MatrixOptions): Promise<Plan>;
}

export interface MatrixOptions {
  readonly seed: number;
  /** The whole product where CI takes a sample of it. */
  readonly isFull: boolean;
  /** Directory for what is built once for all shards. */
  readonly workshop: string;
}

export interface Plan {
  /** What the points are of, for the table: `412 calls`. */
  readonly of: string;
  readonly points: readonly Point[];
  /** @returns sentences about what does not hold after it. */
  run(point: Point): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Its name repeats it: `npm run test:faults -- MATRIX --point '<name>'`. */
export interface Point {
  readonly name: string;
}

/** With hash bins CI takes so-manyth a point of a matrix that it runs whole without them; the seed chooses which. */
export function everyNth<T>(points: readonly T[], nth: number, { seed, isFull }: MatrixOptions): T[] {
  return points.filter((_, index) => isFull || (index + seed) % nth === 0);
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
