/** One suite over every keeper of the store contract. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { SqliteStore } from '../../src/state/sqlite.ts';
import type { Store } from '../../src/state/store.ts';

class FakeClock implements Clock {
  now = 1_000_000;
  nowMs(): number {
    return this.now;
  }
  monotonicMs(): number {
    return this.now;
  }
}

const keepers: Record<string, (folder: string, clock: Clock) => Store> = {
  memory: (_folder, clock) => new MemoryStore(clock),
  sqlite: (folder, clock) => new SqliteStore({ path: join(folder, 'state.sqlite'), clock }),
};

describe.each(Object.keys(keepers))('the %s store', (keeper) => {
  let folder: string;
  let clock: FakeClock;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'optimizer-state-'));
    clock = new FakeClock();
    store = (keepers[keeper] as (folder: string, clock: Clock) => Store)(folder, clock);
  });

  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('answers undefined for what was never written', async () => {
    expect(await store.get('a', 'missing')).toBeUndefined();
    expect(await store.list('a')).toEqual([]);
    expect(await store.delete('a', 'missing')).toBe(false);
  });

  it('gives back the text, the time of writing and no expiry', async () => {
    await store.set('a', 'k', '{"x":1}');
    expect(await store.get('a', 'k')).toEqual({ text: '{"x":1}', expiresAtMs: undefined, updatedAtMs: 1_000_000 });
  });

  it('replaces text and expiry on a second write', async () => {
    await store.set('a', 'k', '1', 50);
    clock.now += 10;
    await store.set('a', 'k', '2');
    clock.now += 1_000;
    expect(await store.get('a', 'k')).toEqual({ text: '2', expiresAtMs: undefined, updatedAtMs: 1_000_010 });
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
