import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { generateKey, openSigner, type PublicKey } from '../../src/signers/index.js';
import { temporaryDirectory } from '../support/temporary.js';

const run = promisify(execFile);

/** Verifies with node's own Ed25519, not with the library that signed. */
function verifies(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(key.keyval.public, 'hex').toString('base64url');
  return verify(
    null,
    bytes,
    createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } }),
    signature,
  );
}

void test('a generated key signs what others verify', async (t) => {
  const directory = await temporaryDirectory(t);
  const { path, publicKey } = await generateKey(join(directory, 'keys', 'targets'));
  assert.deepEqual([publicKey.keytype, publicKey.scheme], ['ed25519', 'ed25519']);
  assert.match(publicKey.keyval.public, /^[0-9a-f]{64}$/);
  assert.equal(basename(path), `${publicKey.keyval.public.slice(0, 8)}.pem`);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(directory, 'keys', 'targets'))).mode & 0o777, 0o700);
  const uri = `file:keys/targets/${basename(path)}`;
  const signer = await openSigner(uri, { directory, environment: {} });
  assert.deepEqual([signer.publicKey, signer.uri], [publicKey, uri]);
  for (const size of [0, 1, 1000, 600_000]) {
    const bytes = randomBytes(size);
    const signature = await signer.sign(bytes);
    assert.equal(signature.length, 64);
    assert.ok(verifies(publicKey, bytes, signature), `${String(size)} bytes`);
    assert.ok(!verifies(publicKey, Buffer.concat([bytes, Buffer.from('x')]), signature));
  }
});

void test('the signature is the one of RFC 8032, test 2', async (t) => {
  const directory = await temporaryDirectory(t);
  const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64');
  await writeFile(join(directory, 'k'), `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`, {
    mode: 0o400,
  });
  const signer = await openSigner('file:k', { directory: directory, environment: {} });
  assert.equal(
    signer.publicKey.keyval.public,
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  );
  assert.equal(
    Buffer.from(await signer.sign(Buffer.from('72', 'hex'))).toString('hex'),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
});

void test('an encrypted key opens with its passphrase only', async (t) => {
  const directory = await temporaryDirectory(t);
  const { path, publicKey } = await generateKey(directory, 'correct horse');
  assert.match(await readFile(path, 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  await writeFile(join(directory, 'pass'), 'correct horse\n', { mode: 0o600 });
  const file = `file:${path}`;
  const open = (query: string, environment: Record<string, string> = {}) =>
    openSigner(file + query, { directory, environment });
  for (const signer of [
    await open('?passphrase_env=SECRET', { SECRET: 'correct horse' }),
    await open('?passphrase_file=pass'),
  ]) {
    assert.deepEqual(signer.publicKey, publicKey);
    assert.ok(!signer.uri.includes('horse'));
  }
  await assert.rejects(open(''), { code: 'passphrase', kind: 'usage', remedy: /passphrase_env=NAME/ });
  await assert.rejects(open('?passphrase_env=SECRET', { SECRET: 'wrong' }), {
    code: 'passphrase',
    message: /does not open/,
  });
  await assert.rejects(open('?passphrase_env=SECRET'), { code: 'passphrase', remedy: 'Set SECRET.' });
  await assert.rejects(open('?passphrase_env=SECRET', { SECRET: '' }), { code: 'passphrase' });
  await assert.rejects(open('?passphrase_file=none'), { code: 'key-missing', message: /passphrase file/ });
  await chmod(join(directory, 'pass'), 0o644);
  await assert.rejects(open('?passphrase_file=pass'), { code: 'key-readable-by-others' });
  // An unencrypted key with a passphrase in its URI is no reason to stop.
  const plain = await generateKey(join(directory, 'plain'));
  await openSigner(`file:${plain.path}?passphrase_env=SECRET`, { directory, environment: { SECRET: 'x' } });
});

void test('keys that openssl makes are read, plain and encrypted', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'key.pem');
  try {
    await run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', path]);
  } catch {
    t.skip('no openssl that knows Ed25519');
    return;
  }
  await run('openssl', ['pkcs8', '-topk8', '-in', path, '-out', `${path}.enc`, '-passout', 'pass:abc']);
  await chmod(path, 0o600);
  await chmod(`${path}.enc`, 0o600);
  const plain = await openSigner(`file://${path}`, { directory: '/', environment: {} });
  const encrypted = await openSigner('file:key.pem.enc?passphrase_env=P', {
    directory,
    environment: { P: 'abc' },
  });
  assert.deepEqual(encrypted.publicKey, plain.publicKey);
});

void test('a key that others may use is refused, with the command that mends it', async (t) => {
  const directory = await temporaryDirectory(t);
  const { path } = await generateKey(directory);
  for (const mode of [0o640, 0o604, 0o620, 0o601, 0o777]) {
    await chmod(path, mode);
    await assert.rejects(
      openSigner(`file:${path}`, { directory, environment: {} }),
      {
        code: 'key-readable-by-others',
        kind: 'usage',
        message: new RegExp(`mode 0${mode.toString(8)}`),
        remedy: /chmod 600/,
      },
      mode.toString(8),
    );
  }
  await chmod(path, 0o400);
  await openSigner(`file:${path}`, { directory, environment: {} });
});

void test('what is no Ed25519 key, or not there, is said in a sentence', async (t) => {
  const directory = await temporaryDirectory(t);
  const open = (uri: string) => openSigner(uri, { directory, environment: {} });
  const put = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await put('ec', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  await put('text', 'hello');
  await put('empty', '');
  await put('a b', 'hello');
  await mkdir(join(directory, 'directory'));
  await run('mkfifo', ['-m', '600', join(directory, 'fifo')]);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['file:none', 'key-missing', /none is not there/],
    ['file:text/none', 'key-missing', /not there/],
    ['file:ec', 'key-unusable', /of the type ec, not Ed25519/],
    ['file:text', 'key-unusable', /no private key in PKCS#8/],
    ['file:empty', 'key-unusable', /no private key/],
    ['file:a%20b', 'key-unusable', /a b is no private key/],
    ['file:directory', 'key-unusable', /is no file/],
    ['file:fifo', 'key-unusable', /is no file/],
    ['file:', 'signer-uri', /names no file/],
    ['file:x%', 'signer-uri', /stands for no character/],
    ['file:x?passphrase=abc', 'signer-uri', /unknown parameter passphrase/],
    ['file:x?passphrase_env=A&passphrase_file=b', 'signer-uri', /two passphrases/],
    ['pkcs11:token=x', 'signer-scheme', /does not know.*Known kinds: file:/],
    ['keys/a.pem', 'signer-scheme', /Known kinds/],
    ['', 'signer-scheme', /Known kinds/],
  ];
  for (const [uri, code, says] of cases) {
    await assert.rejects(open(uri), (error: Error & { code?: string; kind?: string; sentence?: string }) => {
      assert.deepEqual([error.code, error.kind], [code, 'usage'], `${uri}: ${String(error)}`);
      assert.match(error.sentence ?? '', says);
      return true;
    });
  }
});
