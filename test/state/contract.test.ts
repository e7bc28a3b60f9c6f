/** One suite over every keeper of the store contract. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { RedisStore } from '../../src/state/redis.ts';
import { RedisConnection } from '../../src/state/redis-connection.ts';
import { SqliteStore } from '../../src/state/sqlite.ts';
import type { Store } from '../../src/state/store.ts';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';

class FakeClock implements Clock {
  now = 1_000_000;
  nowMs(): number {
    return this.now;
  }
  monotonicMs(): number {
    return this.now;
  }
}

let redis: RedisServer | undefined;
let connection: RedisConnection | undefined;

const keepers: Record<string, (folder: string, clock: Clock) => Store> = {
  memory: (_folder, clock) => new MemoryStore(clock),
  sqlite: (folder, clock) => new SqliteStore({ path: join(folder, 'state.sqlite'), clock }),
  redis: (_folder, clock) => new RedisStore({ connection: connection as RedisConnection, clock }),
};

describe.each(Object.keys(keepers))('the %s store', (keeper) => {
  let folder: string;
  let clock: FakeClock;
  let store: Store;

  beforeAll(async () => {
    if (keeper !== 'redis' || withoutRedis) return;
    redis = await RedisServer.start();
    connection = new RedisConnection({ url: redis.url });
  });

  afterAll(async () => {
    if (keeper !== 'redis') return;
    await connection?.close();
    await redis?.[Symbol.asyncDispose]();
  });

  beforeEach(async (context) => {
    if (keeper === 'redis' && withoutRedis) context.skip('redis-server is not installed');
    folder = await mkdtemp(join(tmpdir(), 'optimizer-state-'));
    clock = new FakeClock();
    store = (keepers[keeper] as (folder: string, clock: Clock) => Store)(folder, clock);
    // One Redis serves all of these tests.
    if (keeper === 'redis') await connection?.run((client) => client.flushall());
  });

  afterEach(async () => {
    await store?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('answers undefined for what was never written', async () => {
    expect(await store.get('a', 'missing')).toBeUndefined();
    expect(await store.list('a')).toEqual([]);
    expect(await store.delete('a', 'missing')).toBe(false);
  });

  it('gives back the text, the time of writing and no expiry', async () => {
    await store.set('a', 'k', '{"x":1}');
    expect(await store.get('a', 'k')).toEqual({
      text: '{"x":1}',
      version: 1,
      expiresAtMs: undefined,
      updatedAtMs: 1_000_000,
    });
  });

  it('replaces text and expiry on a second write', async () => {
    await store.set('a', 'k', '1', 50);
    clock.now += 10;
    await store.set('a', 'k', '2');
    clock.now += 1_000;
    expect(await store.get('a', 'k')).toEqual({
      text: '2',
      version: 2,
      expiresAtMs: undefined,
      updatedAtMs: 1_000_010,
    });
  });

  it('keeps namespaces apart', async () => {
    await store.set('a', 'k', '1');
    await store.set('b', 'k', '2');
    expect(await store.delete('a', 'k')).toBe(true);
    expect(await store.get('a', 'k')).toBeUndefined();
    expect((await store.get('b', 'k'))?.text).toBe('2');
  });

  it('hides an entry at the instant it expires, from get, list and delete', async () => {
    await store.set('a', 'k', '1', 100);
    clock.now += 99;
    expect((await store.get('a', 'k'))?.expiresAtMs).toBe(1_000_100);
    expect(await store.list('a')).toEqual(['k']);
    clock.now += 1;
    expect(await store.get('a', 'k')).toBeUndefined();
    expect(await store.list('a')).toEqual([]);
    expect(await store.delete('a', 'k')).toBe(false);
  });

  it('lets a time to live of zero end at once', async () => {
    await store.set('a', 'k', '1', 0);
    expect(await store.get('a', 'k')).toBeUndefined();
  });

  it('refuses a time to live that is not a number', async () => {
    await expect(store.set('a', 'k', '1', Number.NaN)).rejects.toMatchObject({ code: 'request.params' });
  });

  it('lists by prefix in the order of UTF-8 bytes, and takes % and _ as they are', async () => {
    for (const key of ['b', 'a/2', 'a/10', 'a', 'a%', 'a_x', 'ab', 'é', '😀', '～']) await store.set('n', key, '0');
    expect(await store.list('n')).toEqual(['a', 'a%', 'a/10', 'a/2', 'a_x', 'ab', 'b', 'é', '～', '😀']);
    expect(await store.list('n', 'a/')).toEqual(['a/10', 'a/2']);
    expect(await store.list('n', 'a%')).toEqual(['a%']);
    expect(await store.list('n', 'a_')).toEqual(['a_x']);
    expect(await store.list('n', 'zz')).toEqual([]);
  });

  it('keeps empty strings, NUL, quotes and long text whole', async () => {
    const text = `'";--\0${'x'.repeat(300_000)}`;
    await store.set('', '', text);
    await store.set('', 'a\0b', '2');
    expect((await store.get('', ''))?.text).toBe(text);
    expect((await store.get('', 'a\0b'))?.text).toBe('2');
    expect(await store.list('', 'a\0')).toEqual(['a\0b']);
  });

  it('refuses a key or text that is not well-formed Unicode', async () => {
    await expect(store.set('a', '\ud800', '1')).rejects.toMatchObject({ code: 'request.params' });
    await expect(store.set('a', 'k', '\udc00')).rejects.toMatchObject({ code: 'request.params' });
    await expect(store.get('a', '\ud800')).rejects.toMatchObject({ code: 'request.params' });
  });

  it('counts a version for every write, and starts at 1 again after a delete or an expiry', async () => {
    expect(await store.put('a', 'k', '1')).toEqual({ status: 'ok', version: 1 });
    await store.set('a', 'k', '2');
    expect(await store.put('a', 'k', '3', { ttlMs: 10 })).toEqual({ status: 'ok', version: 3 });
    clock.now += 10;
    expect(await store.put('a', 'k', '4')).toEqual({ status: 'ok', version: 1 });
    await store.delete('a', 'k');
    expect(await store.put('a', 'k', '5')).toEqual({ status: 'ok', version: 1 });
    await store.set('a', 'k', '6', 10);
    clock.now += 10;
    await store.set('a', 'k', '7');
    expect((await store.get('a', 'k'))?.version).toBe(1);
  });

  it('writes only over the version that was asked for, and says which one is there', async () => {
    expect(await store.put('a', 'k', '1', { ifVersion: 0 })).toEqual({ status: 'ok', version: 1 });
    expect(await store.put('a', 'k', '2', { ifVersion: 0 })).toEqual({ status: 'conflict', version: 1 });
    expect(await store.put('a', 'k', '2', { ifVersion: 1 })).toEqual({ status: 'ok', version: 2 });
    expect(await store.put('a', 'k', '3', { ifVersion: 1 })).toEqual({ status: 'conflict', version: 2 });
    expect(await store.put('a', 'none', '3', { ifVersion: 1 })).toEqual({ status: 'conflict', version: 0 });
    expect((await store.get('a', 'k'))?.text).toBe('2');
  });

  it('takes an expired entry for none when it looks for a version', async () => {
    await store.set('a', 'k', '1', 10);
    clock.now += 10;
    expect(await store.put('a', 'k', '2', { ifVersion: 1 })).toEqual({ status: 'conflict', version: 0 });
    expect(await store.put('a', 'k', '2', { ifVersion: 0 })).toEqual({ status: 'ok', version: 1 });
  });

  it('lets one of many writers of the same version through', async () => {
    const wins = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.put('a', 'k', String(index), { ifVersion: 0 })),
    );
    expect(wins.filter(({ status }) => status === 'ok')).toHaveLength(1);
    expect(wins.filter(({ status }) => status === 'conflict')).toHaveLength(19);
  });

  it('refuses a write over the bytes of the namespace, counts keys and values in UTF-8, and changes nothing then', async () => {
    // 1 byte of key and 4 of value each: é has two.
    expect(await store.put('a', 'x', 'éé', { namespaceBytesMax: 10 })).toMatchObject({ status: 'ok' });
    expect(await store.put('a', 'y', 'éé', { namespaceBytesMax: 10 })).toMatchObject({ status: 'ok' });
    expect(await store.put('a', 'z', '', { namespaceBytesMax: 10 })).toEqual({ status: 'full', bytes: 10, entries: 2 });
    expect(await store.put('a', 'x', 'ééé', { namespaceBytesMax: 10 })).toEqual({
      status: 'full',
      bytes: 10,
      entries: 2,
    });
    expect((await store.get('a', 'x'))?.text).toBe('éé');
    expect(await store.put('b', 'z', 'zzzz', { namespaceBytesMax: 10 })).toMatchObject({ status: 'ok' });
  });

  it('lets a write that makes the namespace smaller pass, however full it is', async () => {
    await store.set('a', 'x', 'x'.repeat(50));
    expect(await store.put('a', 'x', 'x'.repeat(40), { namespaceBytesMax: 10 })).toEqual({ status: 'ok', version: 2 });
    expect(await store.put('a', 'x', 'x'.repeat(41), { namespaceBytesMax: 10 })).toMatchObject({ status: 'full' });
  });

  it('refuses a new entry over the number of entries, and replaces one that is there', async () => {
    await store.set('a', 'x', '1');
    await store.set('a', 'y', '1');
    expect(await store.put('a', 'z', '1', { entriesMax: 2 })).toEqual({ status: 'full', bytes: 4, entries: 2 });
    expect(await store.put('a', 'x', '2', { entriesMax: 2 })).toMatchObject({ status: 'ok' });
  });

  it('counts no expired entry towards the limits of a namespace', async () => {
    await store.set('a', 'x', 'x'.repeat(50), 10);
    clock.now += 10;
    expect(await store.put('a', 'y', '1', { namespaceBytesMax: 10, entriesMax: 1 })).toMatchObject({ status: 'ok' });
  });

  it('looks for the version first, then for the limits', async () => {
    await store.set('a', 'x', '1');
    expect(await store.put('a', 'x', 'long', { ifVersion: 7, namespaceBytesMax: 1 })).toEqual({
      status: 'conflict',
      version: 1,
    });
  });

  it('adds to a number, and starts at 0', async () => {
    expect(await store.increment('a', 'n', 5)).toEqual({ status: 'ok', version: 1, value: 5 });
    expect(await store.increment('a', 'n', -7)).toEqual({ status: 'ok', version: 2, value: -2 });
    expect(await store.increment('a', 'n', 0.25)).toEqual({ status: 'ok', version: 3, value: -1.75 });
    expect((await store.get('a', 'n'))?.text).toBe('-1.75');
    await store.set('a', 'm', '0.1');
    expect(await store.increment('a', 'm', 0.2)).toMatchObject({ value: 0.1 + 0.2 });
    await store.set('a', 'big', '1e21');
    expect(await store.increment('a', 'big', 1e21)).toMatchObject({ value: 2e21 });
    expect(JSON.parse((await store.get('a', 'big'))?.text ?? '')).toBe(2e21);
  });

  it('loses no increment of many at the same time', async () => {
    await Promise.all(Array.from({ length: 50 }, () => store.increment('a', 'n', 1)));
    expect((await store.get('a', 'n'))?.text).toBe('50');
  });

  it('keeps the expiry of a number that it adds to, unless a new one is given', async () => {
    await store.set('a', 'n', '1', 100);
    await store.increment('a', 'n', 1);
    expect((await store.get('a', 'n'))?.expiresAtMs).toBe(1_000_100);
    await store.increment('a', 'n', 1, { ttlMs: 500 });
    expect((await store.get('a', 'n'))?.expiresAtMs).toBe(1_000_500);
    clock.now += 500;
    expect(await store.increment('a', 'n', 1)).toEqual({ status: 'ok', version: 1, value: 1 });
  });

  it('adds under the same conditions as any write', async () => {
    await store.set('a', 'n', '1');
    expect(await store.increment('a', 'n', 1, { ifVersion: 2 })).toEqual({ status: 'conflict', version: 1 });
    expect(await store.increment('a', 'other', 1, { entriesMax: 1 })).toEqual({ status: 'full', bytes: 2, entries: 1 });
    expect(await store.increment('a', 'n', 99, { namespaceBytesMax: 3 })).toMatchObject({ status: 'full' });
    expect(await store.increment('a', 'n', 1, { namespaceBytesMax: 2 })).toMatchObject({ status: 'ok', value: 2 });
  });

  it('refuses to add to what is no number, and to go beyond the numbers', async () => {
    for (const text of ['"1"', 'null', '[1]', '', '1 2', '0x10', 'NaN']) {
      await store.set('a', 'k', text);
      await expect(store.increment('a', 'k', 1), text).rejects.toMatchObject({ code: 'request.params' });
      expect((await store.get('a', 'k'))?.text).toBe(text);
    }
    await store.setBytes('a', 'bytes', new Uint8Array([49]));
    await expect(store.increment('a', 'bytes', 1)).rejects.toMatchObject({ code: 'request.params' });
    await expect(store.increment('a', 'n', Number.NaN)).rejects.toMatchObject({ code: 'request.params' });
    await store.set('a', 'n', '1e308');
    await expect(store.increment('a', 'n', 1e308)).rejects.toMatchObject({ code: 'request.params' });
    expect((await store.get('a', 'n'))?.text).toBe('1e308');
  });

  it('keeps bytes as they are, apart from texts', async () => {
    const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
    await store.setBytes('a', 'b', bytes, 100);
    const kept = await store.getBytes('a', 'b');
    expect(kept).toMatchObject({ version: 1, expiresAtMs: 1_000_100, updatedAtMs: 1_000_000 });
    expect(Buffer.from(kept?.bytes ?? []).equals(bytes)).toBe(true);
    expect(await store.get('a', 'b')).toBeUndefined();
    await store.set('a', 't', 'text');
    expect(await store.getBytes('a', 't')).toBeUndefined();
    await store.setBytes('a', 'empty', new Uint8Array(0));
    expect((await store.getBytes('a', 'empty'))?.bytes).toHaveLength(0);
    expect(await store.put('a', 'b', bytes, { ifVersion: 1, namespaceBytesMax: 2_000 })).toMatchObject({ version: 2 });
    clock.now += 200;
    expect(await store.list('a')).toEqual(['b', 'empty', 't']);
  });

  it('does not keep hold of the bytes that it was given or has given', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    await store.setBytes('a', 'b', bytes);
    bytes[0] = 9;
    const first = (await store.getBytes('a', 'b'))?.bytes as Uint8Array;
    expect([...first]).toEqual([1, 2, 3]);
    first[0] = 8;
    expect([...((await store.getBytes('a', 'b'))?.bytes ?? [])]).toEqual([1, 2, 3]);
  });

  it('tells sizes, versions and times of the living entries, by prefix', async () => {
    await store.set('a', 'p/é', '12345', 100);
    await store.set('a', 'p/a', '1');
    await store.set('a', 'p/a', '12');
    await store.setBytes('a', 'q', new Uint8Array(10));
    await store.set('a', 'p/gone', '1', 1);
    clock.now += 5;
    expect(await store.entries('a', 'p/')).toEqual([
      { key: 'p/a', bytes: 5, version: 2, expiresAtMs: undefined, updatedAtMs: 1_000_000 },
      { key: 'p/é', bytes: 9, version: 1, expiresAtMs: 1_000_100, updatedAtMs: 1_000_000 },
    ]);
    expect((await store.entries('a')).map(({ key, bytes }) => [key, bytes])).toEqual([
      ['p/a', 5],
      ['p/é', 9],
      ['q', 11],
    ]);
  });

  it('clears one namespace and says how many entries lived in it', async () => {
    await store.set('a', 'x', '1');
    await store.set('a', 'y', '1');
    await store.set('a', 'gone', '1', 1);
    await store.set('b', 'x', '1');
    clock.now += 5;
    expect(await store.clear('a')).toBe(2);
    expect(await store.clear('a')).toBe(0);
    expect(await store.list('a')).toEqual([]);
    expect(await store.list('b')).toEqual(['x']);
    expect(await store.put('a', 'x', '12', { ifVersion: 0, namespaceBytesMax: 3 })).toMatchObject({ status: 'ok' });
  });

  it('counts the bytes of a namespace exactly over any sequence of writes', async () => {
    const key = fc.constantFrom('a', 'bb', 'é');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, text: fc.string({ maxLength: 8, unit: 'grapheme' }) }),
      fc.record({ kind: fc.constant('expire' as const), key, text: fc.string({ maxLength: 8 }) }),
      fc.record({ kind: fc.constant('delete' as const), key }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20 }) }),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const namespace = `bytes${round++}`;
        for (const action of steps) {
          if (action.kind === 'set') await store.set(namespace, action.key, action.text);
          else if (action.kind === 'expire') await store.set(namespace, action.key, action.text, 10);
          else if (action.kind === 'delete') await store.delete(namespace, action.key);
          else clock.now += action.ms;
        }
        const sum = (await store.entries(namespace)).reduce((total, { bytes }) => total + bytes, 0);
        // The smallest limit that a new entry of three bytes fits in.
        expect(await store.put(namespace, 'new', '', { namespaceBytesMax: sum + 2 })).toMatchObject({ bytes: sum });
        expect(await store.put(namespace, 'new', '', { namespaceBytesMax: sum + 3 })).toMatchObject({ status: 'ok' });
      }),
      { numRuns: 30 },
    );
  });

  it('behaves like a map over any sequence of writes, deletes and waits', async () => {
    const key = fc.constantFrom('a', 'b', 'ab', 'é');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, text: fc.string({ unit: 'grapheme' }) }),
      fc.record({ kind: fc.constant('expire' as const), key, ttlMs: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ kind: fc.constant('delete' as const), key }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const namespace = `round${round++}`;
        const model = new Map<string, { text: string; endsAt: number }>();
        for (const action of steps) {
          if (action.kind === 'set') {
            await store.set(namespace, action.key, action.text);
            model.set(action.key, { text: action.text, endsAt: Number.POSITIVE_INFINITY });
          } else if (action.kind === 'expire') {
            await store.set(namespace, action.key, 'short', action.ttlMs);
            model.set(action.key, { text: 'short', endsAt: clock.now + action.ttlMs });
          } else if (action.kind === 'delete') {
            expect(await store.delete(namespace, action.key)).toBe(model.delete(action.key));
          } else {
            clock.now += action.ms;
          }
          for (const [name, entry] of model) if (entry.endsAt <= clock.now) model.delete(name);
          expect(new Set(await store.list(namespace))).toEqual(new Set(model.keys()));
          for (const [name, entry] of model) expect((await store.get(namespace, name))?.text).toBe(entry.text);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('refuses every operation after close, and closes twice without harm', async () => {
    await store.set('a', 'k', '1');
    await store.close();
    await store.close();
    await expect(store.get('a', 'k')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.set('a', 'k', '1')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.list('a')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.delete('a', 'k')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.put('a', 'k', '1')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.increment('a', 'k', 1)).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.entries('a')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.clear('a')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.getBytes('a', 'k')).rejects.toMatchObject({ code: 'state.unavailable' });
  });
});

describe('sweeping the memory store', () => {
  it('gives the space of expired entries back on a later write', async () => {
    const clock = new FakeClock();
    const store = new MemoryStore(clock);
    for (let index = 0; index < 100; index++) await store.set('a', `k${index}`, 'x', 10);
    clock.now += 120_000;
    expect(store.entryCount).toBe(100);
    await store.set('b', 'k', 'x');
    expect(store.entryCount).toBe(1);
  });
});
