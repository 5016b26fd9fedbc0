/** What a role has removed, or would remove. */
export interface Pruned {
  readonly records: number;
  /** Metadata files. */
  readonly metadata: number;
  /** Target files, each hashed copy counted. */
  readonly targets: number;
  /** Of metadata and target files. */
  readonly bytes: number;
  /** When the oldest of the records was made, RFC 3339. */
  readonly oldest?: string;
}

export interface PruneOptions {
  /** Milliseconds after which something superseded goes; counts where it is longer than the configured time. */
  readonly olderThan?: number;
  /** Only tells what would be removed. */
  readonly dryRun?: boolean;
  readonly onFile?: (path: string, bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Adds up what is removed. */
export class Tally {
  #records = 0;
  #metadata = 0;
  #targets = 0;
  #bytes = 0;
  #oldest: string | undefined;

  constructor(private readonly onFile: PruneOptions['onFile']) {}

  records(count: number, oldest: string | undefined): void {
    this.#records += count;
    this.#oldest ??= oldest;
  }

  metadata(path: string, bytes: number): void {
    this.#metadata++;
    this.#bytes += bytes;
    this.onFile?.(path, bytes);
  }

  target(path: string, bytes: number): void {
    this.#targets++;
    this.#bytes += bytes;
    this.onFile?.(path, bytes);
  }

  get pruned(): Pruned {
    return {
      records: this.#records,
      metadata: this.#metadata,
      targets: this.#targets,
      bytes: this.#bytes,
      ...(this.#oldest === undefined ? {} : { oldest: this.#oldest }),
    };
  }
}
