/** What the bare worker and whoever drives it tell each other, a line of JSON each. */
export interface Request {
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
  | { readonly state: 'done'; readonly result: unknown }
  | { readonly state: 'failed'; readonly failure: Failure };
