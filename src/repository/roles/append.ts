import { digestOf, fsyncDirectory, type Bytes } from '../../files/index.js';
import { envelopeBytes, type Envelope } from '../metadata/envelope.js';
import type { RecordLog } from '../records/record-log.js';
import type { BaseRecord, MetaEntry } from '../records/records.js';
import type { Repository } from '../repository.js';
import { redo } from '../staging/install.js';
import { discardStage, stageMetadata, type Stage } from '../staging/stage.js';

/** One signed version on its way: what the record says of it, and where its bytes are staged. */
export interface StagedMetadata {
  readonly entry: MetaEntry;
  readonly stage: Stage;
}

/** Stages the signed bytes of a version durably. `purpose` names the record that will hold them. */
export async function stageSigned(
  repository: Repository,
  purpose: string,
  file: {
    readonly name: string;
    readonly version: number;
    readonly expires: string;
    readonly replaces?: boolean;
  },
  envelope: Envelope,
): Promise<StagedMetadata> {
  const bytes = envelopeBytes(envelope);
  const { name, version, expires, replaces = false } = file;
  const stage = await stageMetadata(repository, purpose, { name, bytes, replaces });
  return { entry: { version, expires, ...digestPieces(bytes) }, stage };
}

/**
 * Links the record and puts what it names in place.
 * @returns whether the record is the truth; where it is not, the staged metadata is discarded, as another
 *   record has this number: read again and go higher.
 */
export async function appendAndInstall<T extends BaseRecord>(
  repository: Repository,
  log: RecordLog<T>,
  record: T,
  metadata: StagedMetadata,
): Promise<boolean> {
  if (!(await log.append(record))) {
    await discardStage(metadata.stage);
    return false;
  }
  await redo(repository, record);
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
  if (!latest) return undefined;
  await log.makeDurable();
  await redo(repository, latest);
  await fsyncDirectory(repository.paths.metadata);
  return latest;
}

function digestPieces(bytes: Bytes): Pick<MetaEntry, 'length' | 'hashes'> {
  const whole = bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes);
  return digestOf(whole, ['sha256']);
}
