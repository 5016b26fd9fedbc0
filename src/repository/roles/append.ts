import { fsyncDirectory, Hasher } from '../../files/index.js';
import { envelopeBytes, type Envelope } from '../metadata/envelope.js';
import type { RecordLog } from '../records/record-log.js';
import type { BaseRecord, MetaEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { install, readStages, redo } from '../staging/install.js';
import type { StageContent } from '../staging/stage-content.js';
import { abandonStage, addMetadata, makeStageDurable, type MetadataStage } from '../staging/stage.js';

const LARGE = 64 * 1024;

/**
 * Puts one signed version into a stage.
 * @param file name with its version.
 * @returns what the record says of it.
 */
export async function stageSigned(
  stage: MetadataStage,
  file: { readonly name: string; readonly version: number; readonly expires: string },
  envelope: Envelope,
): Promise<MetaEntry> {
  const pieces = envelopeBytes(envelope);
  // Large ones are neither copied, nor hashed before the writing has begun.
  const bytes = envelope.signed.length < LARGE ? [Buffer.concat(pieces)] : pieces;
  const { name, version, expires } = file;
  const writing = addMetadata(stage, name, bytes);
  writing.catch(() => undefined);
  const hasher = new Hasher(['sha256']);
  for (const piece of bytes) hasher.update(piece);
  await writing;
  return { version, expires, ...hasher.digest() };
}

/**
 * Links the record and puts what it names in place.
 * @param before what else has to be sure before anybody can see the record; it is done beside the fsyncs of the stage.
 * @returns whether the record is the truth; where it is not, the staged metadata is discarded, as another
 *   record has this number: read again and go higher.
 */
export async function appendAndInstall<T extends BaseRecord>(
  repository: Repository,
  log: RecordLog<T>,
  record: T,
  stage: MetadataStage,
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<boolean> {
  let contents: readonly StageContent[] = [];
  const isTruth = await log.append(record, async () => {
    try {
      const reading = readStages(repository, record);
      const outcomes = await Promise.allSettled([reading, makeStageDurable(repository, stage), before()]);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      contents = await reading;
    } catch (error) {
      // Nothing names it yet; where there is no room, it shall not stay in the way of the next attempt.
      await abandonStage(stage).catch(() => undefined);
      throw error;
    }
  });
  if (!isTruth) {
    await abandonStage(stage);
    return false;
  }
  await install(repository, record, contents);
  repository.cache.completed.set(log.directory, record.number);
  return true;
}

/**
 * What has to hold before a number is decided: everything of the record before it is in place, durably. By
 * induction only the newest record can be incomplete.
 */
export async function completeLatest<T extends BaseRecord>(
  repository: Repository,
  log: RecordLog<T>,
): Promise<T | undefined> {
  const latest = await log.latest();
  const completed = repository.cache.completed;
  if (!latest || completed.get(log.directory) === latest.number) return latest;
  await log.makeDurable();
  await redo(repository, latest);
  await fsyncDirectory(repository.paths.metadata);
  completed.set(log.directory, latest.number);
  return latest;
}
