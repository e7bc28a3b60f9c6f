import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { normalPublicKey, SigningKey, verifySignature } from '../../src/policy/signing-key.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { SqliteStore } from '../../src/state/sqlite.ts';

const value = { b: [1, 'é€😀'], a: { z: null, y: 1e21 } };

describe('a signature', () => {
  it('is one of Ed25519 over the canonical text, as any other tool verifies it', async () => {
    const { signature, publicKey, algorithm } = await new SigningKey(new MemoryStore(systemClock)).sign(value);
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    expect([algorithm, key.asymmetricKeyType]).toEqual(['Ed25519', 'ed25519']);
    expect(verify(null, Buffer.from(canonicalJson(value)), key, Buffer.from(signature, 'base64'))).toBe(true);
  });

  it('is the same for the same value, in any order of keys, and for no other value', async () => {
    const key = new SigningKey(new MemoryStore(systemClock));
    const { signature, publicKey } = await key.sign(value);
    const turned = { a: { y: 1e21, z: null }, b: value.b };
    expect((await key.sign(turned)).signature).toBe(signature);
    expect(verifySignature(turned, signature, publicKey)).toBe(true);
    expect(verifySignature({ ...value, b: [1, 'é€😁'] }, signature, publicKey)).toBe(false);
    expect(verifySignature(value, `A${signature.slice(1)}`, publicKey)).toBe(false);
    expect(verifySignature(value, 'no base64 !', publicKey)).toBe(false);
    expect(verifySignature(value, signature, 'no key')).toBe(false);
    const other = await new SigningKey(new MemoryStore(systemClock)).sign(value);
    expect(verifySignature(value, signature, other.publicKey)).toBe(false);
  });

  it('has one text: what a lenient reader of base64 reads over does not fit', async () => {
    const { signature, publicKey } = await new SigningKey(new MemoryStore(systemClock)).sign(value);
    expect(verifySignature(value, signature, publicKey)).toBe(true);
    for (const other of [
      `${signature}AAAA`,
      ` ${signature}`,
      signature.replace('==', ''),
      signature.replace('=', '!='),
    ]) {
      expect([other, verifySignature(value, other, publicKey)]).toEqual([other, false]);
    }
  });

  it('is refused for a text that has no canonical form', async () => {
    const key = new SigningKey(new MemoryStore(systemClock));
    await expect(key.sign({ name: '\ud800' })).rejects.toMatchObject({ code: 'request.params' });
    await expect(key.sign({ '\udc00': 1 })).rejects.toMatchObject({ code: 'request.params' });
    // The same letters as text are no surrogate.
    expect((await key.sign({ name: '\\ud800' })).algorithm).toBe('Ed25519');
  });
});

describe('the key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'optimizer-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const sqlite = () => new SqliteStore({ path: join(folder, 'in', 'state.sqlite'), clock: systemClock });

  it('is one key for all processes of a store that need it at the same moment, and stays', async () => {
    const stores = Array.from({ length: 8 }, sqlite);
    const signed = await Promise.all(stores.map((store) => new SigningKey(store).sign(value)));
    expect(new Set(signed.map(({ publicKey, signature }) => publicKey + signature)).size).toBe(1);
    await Promise.all(stores.map((store) => store.close()));
    const later = sqlite();
    expect((await new SigningKey(later).sign(value)).publicKey).toBe(signed[0]?.publicKey);
    await later.close();
  });

  it.skipIf(process.platform === 'win32')('lies where its owner alone can read', async () => {
    const store = sqlite();
    await new SigningKey(store).sign(value);
    const modes = ['in', 'in/state.sqlite', 'in/state.sqlite-wal'].map(
      (name) => statSync(join(folder, name)).mode & 0o077,
    );
    expect(modes).toEqual([0, 0, 0]);
    await store.close();
  });

  it('that is damaged is an error, never a new key', async () => {
    const store = new MemoryStore(systemClock);
    await store.set('signing-key', 'ed25519', '{"pkcs8": "AAAA"}');
    await expect(new SigningKey(store).sign(value)).rejects.toMatchObject({ code: 'state.unavailable' });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pkcs8 = rsa.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    await store.set('signing-key', 'ed25519', JSON.stringify({ pkcs8 }));
    await expect(new SigningKey(store).sign(value)).rejects.toMatchObject({
      message: expect.stringContaining('it is of type rsa'),
    });
  });

  it('is tried again when the store was away', async () => {
    const store = new MemoryStore(systemClock);
    let away = true;
    const key = new SigningKey({
      get: async (namespace, name) => {
        if (away) throw new Error('away');
        return store.get(namespace, name);
      },
      put: (namespace, name, text, conditions) => store.put(namespace, name, text, conditions),
    });
    await expect(key.sign(value)).rejects.toThrow('away');
    away = false;
    expect((await key.sign(value)).algorithm).toBe('Ed25519');
  });
});

describe('a public key', () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ format: 'der', type: 'spki' }) as Buffer;
  const raw = der.subarray(-32);

  it.each([
    ['PEM', publicKey.export({ format: 'pem', type: 'spki' }) as string],
    ['base64 of its DER form', der.toString('base64')],
    ['base64url of its DER form', der.toString('base64url')],
    ['base64 of its bytes', raw.toString('base64')],
    ['hex of its bytes', raw.toString('hex')],
  ])('is read as %s', (_, text) => {
    expect(normalPublicKey(`${text}\n`)).toBe(der.toString('base64'));
  });

  it.each(['', 'nothing', 'AAAA', 'f'.repeat(63), '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'])(
    'is not %j',
    (text) => {
      expect(() => normalPublicKey(text)).toThrow('not an Ed25519 key');
    },
  );
});
