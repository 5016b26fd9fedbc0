/** What the bare worker and whoever drives it tell each other, a line of JSON each. */
export interface Request {
  /** Several may be under way at once; the answer has it too. */
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** The failure of a step, as Temporal would show it. */
export interface Failure {
  readonly type: string;
  readonly message: string;
  readonly isPermanent: boolean;
}

export type Answer =
  | { readonly state: 'ready' }
  /** It could not start. */
  | { readonly state: 'refused'; readonly failure: Failure }
  | { readonly state: 'done'; readonly id: number; readonly result: unknown }
  | { readonly state: 'failed'; readonly id: number; readonly failure: Failure };
