import { basename, dirname, join } from 'node:path';
import { hasErrno, ioError } from '../../errors/index.js';
import { closeRead, eachAtOnce, type HashAlgorithm, hashFile, open } from '../../files/index.js';
import type { TargetEntry } from '../metadata/target-entries.js';
import type { Repository } from '../repository.js';
import type { Report } from './signed-file.js';
import type { AuditedTarget } from './targets-metadata.js';
import type { VerifyProgress } from './verify.js';

const AT_ONCE = 4;
const ALGORITHMS: readonly HashAlgorithm[] = ['sha256', 'sha512'];

/** Reads every copy of every listed target and compares it. */
export async function auditTargetFiles(
  repository: Repository,
  targets: Iterable<AuditedTarget>,
  report: Report,
  progress: VerifyProgress,
): Promise<void> {
  await eachAtOnce(targets, AT_ONCE, async ({ path, entry }) => {
    for (const copy of copiesOf(repository, path, entry)) await auditFile(copy, entry, report, progress);
    progress.onFile?.(path, entry.length);
  });
}

function copiesOf(repository: Repository, path: string, entry: TargetEntry): string[] {
  const directory = join(repository.paths.targets, dirname(path));
  const hashed = ALGORITHMS.flatMap((algorithm) => {
    const digest = entry.hashes[algorithm];
    return digest === undefined ? [] : [join(directory, `${digest}.${basename(path)}`)];
  });
  return repository.options.plainTargetNames ? [...hashed, join(directory, basename(path))] : hashed;
}

async function auditFile(
  path: string,
  entry: TargetEntry,
  report: Report,
  { signal }: VerifyProgress,
): Promise<void> {
  let handle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) {
      report('unreadable-target', ioError(error, 'open', path).message, path);
      return;
    }
    report('missing-target', `The target file ${path} is missing.`, path);
    return;
  }
  try {
    const algorithms = ALGORITHMS.filter((algorithm) => entry.hashes[algorithm] !== undefined);
    const digest = await hashFile(handle, path, { algorithms, ...(signal ? { signal } : {}) });
    if (digest.length !== entry.length) {
      report(
        'wrong-length',
        `The target file ${path} has ${String(digest.length)} bytes instead of ${String(entry.length)}.`,
        path,
      );
    } else if (algorithms.some((algorithm) => digest.hashes[algorithm] !== entry.hashes[algorithm])) {
      report('wrong-hash', `The target file ${path} has other bytes than its metadata says.`, path);
    }
  } finally {
    await closeRead(handle);
  }
}
