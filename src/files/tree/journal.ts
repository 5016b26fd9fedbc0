import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { open, type FileAccess } from '../calls/index.js';
import { hasErrno, ioError } from '../../errors/index.js';
import { closeRead, createNew, writeAll } from '../durable.js';
import { readIfPresent } from '../read.js';
import type { Digest } from '../copy.js';

/** Beside the files of a tree that is being filled: which of them are whole and durable (docs/hand-over.md). */
export const JOURNAL_FILE = 'tufline-journal.json';

const LINES_AT_ONCE = 64;
const hashes = z.partialRecord(z.enum(['sha256', 'sha512']), z.string());
const headerSchema = z.object({ format: z.literal(1), of: z.string() });
const wholeSchema = z.object({ path: z.string(), length: z.number(), hashes });
const partSchema = z.object({ path: z.string(), offset: z.number(), hashes });
const lineSchema = z.union([wholeSchema, partSchema]);

/** A file was fsynced before its line was written. */
export type WholeLine = z.infer<typeof wholeSchema>;
/** So were the first `offset` bytes of a part; `hashes` are theirs. */
export type PartLine = z.infer<typeof partSchema>;

/**
 * Notes what has become durable. Lines are not fsynced: one that a crash takes is about a file that is copied again.
 * At first every line is written at once, later up to 64 together.
 */
export class Journal {
  #pending: string[] = [];
  #written = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly handle: FileAccess,
    private readonly path: string,
  ) {}

  /** @param of what the tree is of: a later attempt takes up nothing of another. */
  static async begin(directory: string, of: string): Promise<Journal> {
    const path = join(directory, JOURNAL_FILE);
    const journal = new Journal(await createNew(path, 0o666), path);
    try {
      await writeAll(journal.handle, Buffer.from(lineOf({ format: 1, of })), path);
      return journal;
    } catch (error) {
      await journal.close().catch(() => undefined);
      throw error;
    }
  }

  async add(line: WholeLine | PartLine): Promise<void> {
    this.#pending.push(lineOf(line));
    if (this.#pending.length >= Math.min(LINES_AT_ONCE, this.#written + 1)) await this.flush();
  }

  /** Ends when all that was added can be read by others. */
  async flush(): Promise<void> {
    const lines = this.#pending.splice(0);
    this.#written += lines.length;
    this.#writing = this.#writing.then(() => writeAll(this.handle, Buffer.from(lines.join('')), this.path));
    return this.#writing;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await closeRead(this.handle);
    }
  }
}

/** What the tree in a directory is of, by the first line of its journal; undefined where there is none. */
export async function journalSubject(directory: string): Promise<string | undefined> {
  const path = join(directory, JOURNAL_FILE);
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw ioError(error, 'open', path);
  });
  if (!handle) return undefined;
  try {
    const buffer = Buffer.alloc(4096);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return headerOf(buffer.toString('utf8', 0, bytesRead).split('\n')[0] ?? '');
  } catch (error) {
    throw ioError(error, 'read', path);
  } finally {
    await closeRead(handle);
  }
}

function headerOf(line: string): string | undefined {
  const { success, data } = headerSchema.safeParse(parseLine(line));
  return success ? data.of : undefined;
}

export interface JournalContents {
  readonly of: string;
  /** By path; of several lines the last one counts. */
  readonly whole: ReadonlyMap<string, Digest>;
  readonly parts: ReadonlyMap<string, PartLine>;
}

/** What the journal of a tree says; undefined where there is none. Lines that a crash has torn say nothing. */
export async function readJournal(directory: string): Promise<JournalContents | undefined> {
  const text = (await readIfPresent(join(directory, JOURNAL_FILE)))?.toString('utf8');
  if (text === undefined) return undefined;
  const whole = new Map<string, Digest>();
  const parts = new Map<string, PartLine>();
  let of: string | undefined;
  for (let start = 0; ;) {
    const end = text.indexOf('\n', start);
    // What is after the last line break is torn.
    if (end < 0) break;
    const read = text.slice(start, end);
    if (start === 0) of = headerOf(read);
    if (of === undefined) return undefined;
    start = end + 1;
    const { success, data: line } = lineSchema.safeParse(parseLine(read));
    if (!success) continue;
    if ('length' in line) whole.set(line.path, { length: line.length, hashes: line.hashes });
    else parts.set(line.path, line);
  }
  return of === undefined ? undefined : { of, whole, parts };
}

/** `{"sum":"<16 digits>",…}`: the sum is of all bytes after its comma. */
function lineOf(value: object): string {
  const rest = JSON.stringify(value).slice(1);
  return `{"sum":"${sumOf(rest)}",${rest}\n`;
}

const SUMMED = /^\{"sum":"([0-9a-f]{16})",(.*)$/s;

function parseLine(line: string): unknown {
  const [, sum, rest = ''] = SUMMED.exec(line) ?? [];
  if (sum === undefined || sum !== sumOf(rest)) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
