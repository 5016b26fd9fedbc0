import { constants } from 'node:fs';
import { z } from 'zod';
import { ioError } from '../../errors/index.js';
import { closeRead, open, readIfPresent, writeAll } from '../../files/index.js';

/**
 * The journal of a resize: one JSON object a line for each unit that is finished, appended when its files are durable.
 * What is not in it has not been done, whatever lies there. A later line of a unit takes the place of an earlier one.
 */
const made = z
  .object({
    version: z.int().positive(),
    length: z.int().nonnegative(),
    hashes: z.partialRecord(z.enum(['sha256', 'sha512']), z.string()),
    expires: z.string(),
    /** SHA-256 of the raw entries: where they come out the same again, the file can stay. */
    entries: z.string(),
  })
  .strict();

const line = z
  .object({
    unit: z.int().nonnegative(),
    /** Versions of the files that the targets were taken from. */
    sources: z.record(z.string(), z.int().positive()),
    files: z.record(z.string(), made),
    /** Number of targets in them. */
    targets: z.int().nonnegative(),
  })
  .strict();

/** A file of the new layout that lies in the stage. */
export type MadeFile = z.infer<typeof made>;
export type JournalLine = z.infer<typeof line>;

/** What a journal says, up to the first line that was cut off. */
export async function readJournal(path: string): Promise<Map<number, JournalLine>> {
  const lines = new Map<number, JournalLine>();
  const text = (await readIfPresent(path))?.toString('utf8') ?? '';
  for (const piece of text.split('\n').slice(0, -1)) {
    const parsed = parse(piece);
    if (!parsed) break;
    lines.set(parsed.unit, parsed);
  }
  return lines;
}

/** As bytes of a journal. */
export function journalBytes(lines: Iterable<JournalLine>): Buffer {
  return Buffer.from([...lines].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

/**
 * Appends lines durably. The file is opened by its name each time and never made: whoever has lost the stage to another
 * attempt must fail here, and not write on into what is the other one's now.
 */
export async function appendToJournal(path: string, lines: Iterable<JournalLine>): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND).catch((error: unknown) => {
    throw ioError(error, 'open', path);
  });
  try {
    await writeAll(handle, journalBytes(lines), path);
    await handle.sync().catch((error: unknown) => {
      throw ioError(error, 'fsync', path);
    });
  } finally {
    await closeRead(handle);
  }
}

function parse(text: string): JournalLine | undefined {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
