import { join } from 'node:path';
import { hasErrno, ioError } from '../../errors/index.js';
import { makeDirectory, putOnce, readdir, removeFile, sweepTemporary } from '../../files/index.js';

/**
 * Where a log begins, once its older records have been pruned: a file `oldest/<N>` says that the records below N are
 * gone or going. The highest mark counts, so that one that is made late and is lower changes nothing; the lowest tells
 * from where on an interrupted run may have left records.
 */
export class LogStart {
  readonly #directory: string;

  constructor(log: string) {
    this.#directory = join(log, 'oldest');
  }

  /** Number of the oldest record that counts. */
  async first(): Promise<number> {
    return (await this.#marks()).at(-1) ?? 1;
  }

  /** No record below this number lies there any more. */
  async goneBelow(): Promise<number> {
    return (await this.#marks())[0] ?? 1;
  }

  /** Says durably that the records below `number` do not count. */
  async mark(number: number): Promise<void> {
    await makeDirectory(this.#directory);
    await putOnce(join(this.#directory, String(number)), Buffer.from('\n'));
  }

  /** Removes the marks below one that is there: what they told is done. */
  async forgetBelow(number: number): Promise<void> {
    for (const mark of await this.#marks())
      if (mark < number) await removeFile(join(this.#directory, String(mark)));
  }

  /** Removes marks that killed processes did not get to give a name. */
  async sweep(): Promise<void> {
    await sweepTemporary(this.#directory, () => true);
  }

  async #marks(): Promise<number[]> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return [];
      throw ioError(error, 'read', this.#directory);
    });
    return names.flatMap((name) => (/^[1-9]\d*$/.test(name) ? [Number(name)] : [])).sort((a, b) => a - b);
  }
}
