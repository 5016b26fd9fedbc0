import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { canonicalize } from '@tufjs/canonical-json';
import { TuflineError } from '../../src/errors/index.js';
import { openRepository, updateSnapshot, updateTimestamp } from '../../src/repository/index.js';
import type { Signer } from '../../src/signers/index.js';
import {
  commit,
  makeRepository,
  makeSigner,
  publish,
  stage,
  type TestRepository,
} from '../support/repository.js';
import { temporaryDirectory } from '../support/temporary.js';

type Role = 'targets' | 'snapshot';
interface Signed {
  version: number;
  expires: string;
}

const KINDS = ['unsigned', 'signed by another key', 'expired', 'older'] as const;

/** Puts other metadata of a role in its place, with a record that describes it, as a stolen or broken worker could. */
async function offer(
  made: TestRepository,
  role: Role,
  kind: (typeof KINDS)[number],
  other: Signer,
): Promise<void> {
  const { repository, signers } = made;
  const log = role === 'targets' ? repository.commits : repository.snapshots;
  const record = await log.latest();
  assert.ok(record);
  const name = `${role}.json`;
  const meta = (record.meta as Record<string, { version: number; expires: string }>)[name];
  assert.ok(meta);
  const path = join(repository.paths.metadata, `${String(meta.version)}.${name}`);
  const document = JSON.parse(await readFile(path, 'utf8')) as {
    signatures: { keyid: string; sig: string }[];
    signed: Signed;
  };
  const own = role === 'targets' ? signers.targets[0] : signers.snapshot[0];
  assert.ok(own);
  const keyid = document.signatures[0]?.keyid ?? '';
  if (kind === 'expired') document.signed.expires = '2020-01-01T00:00:00Z';
  if (kind === 'older') document.signed.version = 1;
  const signer = kind === 'signed by another key' ? other : own;
  const sig = Buffer.from(await signer.sign(Buffer.from(canonicalize(document.signed)))).toString('hex');
  document.signatures = kind === 'unsigned' ? [] : [{ keyid, sig }];
  const bytes = Buffer.from(
    `{"signatures":${JSON.stringify(document.signatures)},"signed":${canonicalize(document.signed)}}`,
  );
  await writeFile(path, bytes);
  const entry = {
    ...meta,
    expires: document.signed.expires,
    length: bytes.length,
    hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
  };
  await writeFile(log.pathOf(record.number), `${JSON.stringify({ ...record, meta: { [name]: entry } })}\n`);
}

/** Everything that clients may ask for, but what was put there on purpose. */
async function published({ repository }: TestRepository): Promise<Record<string, string>> {
  const names = await readdir(repository.paths.metadata);
  const files = names.map(
    async (name) => [name, await readFile(join(repository.paths.metadata, name), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(files));
}

for (const role of ['targets', 'snapshot'] as const) {
  for (const kind of KINDS) {
    test(`${role} metadata that is ${kind} is refused by the role above, and nothing published changes`, async (t) => {
      const directory = await temporaryDirectory(t);
      const made = await makeRepository(directory);
      await publish(made, '1', { a: 'one' });
      const { repository, signers } = made;
      const record = await commit(made, [await stage(made, '2', { b: 'two' })]);
      if (role === 'snapshot')
        await updateSnapshot(repository, signers.snapshot, { atLeastCommit: record.number });
      await offer(made, role, kind, await makeSigner(directory, 'foreign'));
      const before = await published(made);
      // A worker that has just started: it knows nothing but what it reads.
      const fresh = openRepository(made.options);
      const above = (): Promise<unknown> =>
        role === 'targets'
          ? updateSnapshot(fresh, signers.snapshot, { atLeastCommit: record.number })
          : updateTimestamp(fresh, signers.timestamp, { atLeastSnapshot: 3 });
      await assert.rejects(above, (error: unknown) => {
        assert.ok(error instanceof TuflineError, String(error));
        assert.match(error.sentence, new RegExp(role));
        return true;
      });
      assert.deepEqual(await published(made), before);
      assert.equal((JSON.parse(before['timestamp.json'] ?? '') as { signed: Signed }).signed.version, 2);
    });
  }
}
