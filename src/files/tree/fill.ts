import type { FileAccess } from '../calls/index.js';
import type { Digest, HashAlgorithm } from '../copy.js';
import type { Cloning } from './clone.js';
import type { EarlierAttempts } from './earlier.js';
import type { Journal } from './journal.js';
import type { NewDirectories } from './new-directories.js';

/** A file that is to be in the tree. */
export interface TreeFile {
  /** What the journal calls it. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
}

/** Where the files come from, and what they have to be. */
export interface TreeSource<F extends TreeFile> {
  /** The file's path, for messages. */
  pathOf(file: F): string;
  open(file: F): Promise<FileAccess>;
  /** Where it lies below the top: the first name is copied to, the others are links to it. */
  namesOf(file: F): readonly string[];
  /** Looks at the open file, before it is read where it is large, and after it was read. @throws where it is another. */
  check?(file: F, handle: FileAccess): Promise<void>;
  /** @throws where the content is not what it has to be. */
  accept(file: F, digest: Digest): void;
  /** Links the file instead of copying it. @returns false where that cannot be done. */
  link?(file: F, to: string): Promise<boolean>;
}

export interface FillOptions<F extends TreeFile> {
  /** The tree: a directory of this attempt's own, which is empty. */
  readonly top: string;
  /** What it is of: only what earlier attempts at the same have done is taken up. */
  readonly of: string;
  /** Trees that earlier attempts may have left. */
  readonly earlier: readonly string[];
  readonly files: readonly F[];
  readonly source: TreeSource<F>;
  readonly algorithms: readonly HashAlgorithm[];
  /** So many files may fail with what is transient before the others are given up too. By default the first does. */
  readonly tolerated?: number;
  readonly onBytes?: (bytes: number) => void;
  readonly onFile?: (path: string) => void;
  /** Bytes that an earlier attempt had copied; they are not among those of `onBytes`. */
  readonly onAdopted?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** What is shared by all that fill one tree. */
export interface Filling<F extends TreeFile> extends FillOptions<F> {
  readonly journal: Journal;
  readonly directories: NewDirectories;
  readonly attempts: EarlierAttempts;
  readonly cloning: Cloning;
  /** Where all files are one batch: what can be made durable beside them, when all have their names. */
  readonly beside: (() => Promise<void>) | undefined;
  /** A file is in the tree, whole and durable. */
  done(file: F, digest: Digest): Promise<void>;
  /** @throws the failure, unless it is tolerated. */
  failed(error: unknown): void;
}
