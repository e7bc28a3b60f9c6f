/**
 * What every store must do, as one suite: memory, SQLite and Redis pass it, and so does one of somebody else. It speaks
 * only of state/store.ts. Time is the suite's: the store reads it from the clock that it is given.
 */
import type { Clock } from '../core/clock.ts';
import type { Store } from '../state/store.ts';
import { expectation, expectRejection } from './expectation.ts';
import type { TestFramework } from './framework.ts';

export interface StoreContractOptions {
  /** Stands in the name of the suite. */
  readonly name: string;
  /** An empty store of its own at each call; the suite closes it. */
  open(clock: Clock): Store | Promise<Store>;
  /** Called after each store has been closed: for a folder that goes. */
  removed?(): Promise<void> | void;
  readonly framework: TestFramework;
  /** Why the whole suite is skipped: a service that is not there. Default: it is not. */
  readonly skip?: string | undefined;
}

/** A clock that the suite moves. */
export class MovedClock implements Clock {
  now = 1_000_000;

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }
}

/** Sequences of random operations that each store is put through. */
const ROUNDS = 40;
const STEPS_MAX = 30;

/** Registers the suite with the framework; returns at once. */
export function storeContract({ name, open, removed, framework, skip }: StoreContractOptions): void {
  const { describe, it } = framework;
  describe(`the ${name} store`, () => {
    let clock: MovedClock;
    let store: Store;

    const test = (title: string, body: () => Promise<void>): void => {
      if (skip !== undefined) {
        it.skip(`${title} (${skip})`, body);
        return;
      }
      it(title, async () => {
        clock = new MovedClock();
        store = await open(clock);
        try {
          await body();
        } finally {
          await store.close();
          await removed?.();
        }
      });
    };

    test('answers undefined for what was never written', async () => {
      expectation(await store.get('a', 'missing')).toBeUndefined();
      expectation(await store.list('a')).toEqual([]);
      expectation(await store.delete('a', 'missing')).toBe(false);
    });

    test('gives back the text, the time of writing and no expiry', async () => {
      await store.set('a', 'k', '{"x":1}');
      expectation(await store.get('a', 'k')).toEqual({
        text: '{"x":1}',
        version: 1,
        expiresAtMs: undefined,
        updatedAtMs: 1_000_000,
      });
    });

    test('replaces text and expiry on a second write', async () => {
      await store.set('a', 'k', '1', 50);
      clock.now += 10;
      await store.set('a', 'k', '2');
      clock.now += 1_000;
      expectation(await store.get('a', 'k')).toEqual({
        text: '2',
        version: 2,
        expiresAtMs: undefined,
        updatedAtMs: 1_000_010,
      });
    });

    test('keeps namespaces apart', async () => {
      await store.set('a', 'k', '1');
      await store.set('b', 'k', '2');
      expectation(await store.delete('a', 'k')).toBe(true);
      expectation(await store.get('a', 'k')).toBeUndefined();
      expectation((await store.get('b', 'k'))?.text).toBe('2');
    });

    test('hides an entry at the instant it expires, from get, list and delete', async () => {
      await store.set('a', 'k', '1', 100);
      clock.now += 99;
      expectation((await store.get('a', 'k'))?.expiresAtMs).toBe(1_000_100);
      expectation(await store.list('a')).toEqual(['k']);
      clock.now += 1;
      expectation(await store.get('a', 'k')).toBeUndefined();
      expectation(await store.list('a')).toEqual([]);
      expectation(await store.delete('a', 'k')).toBe(false);
    });

    test('lets a time to live of zero end at once', async () => {
      await store.set('a', 'k', '1', 0);
      expectation(await store.get('a', 'k')).toBeUndefined();
    });

    test('refuses a time to live that is not a number', async () => {
      await expectRejection(store.set('a', 'k', '1', Number.NaN), 'request.params');
    });

    test('lists by prefix in the order of UTF-8 bytes, and takes % and _ as they are', async () => {
      for (const key of ['b', 'a/2', 'a/10', 'a', 'a%', 'a_x', 'ab', 'é', '😀', '～']) await store.set('n', key, '0');
      expectation(await store.list('n')).toEqual(['a', 'a%', 'a/10', 'a/2', 'a_x', 'ab', 'b', 'é', '～', '😀']);
      expectation(await store.list('n', 'a/')).toEqual(['a/10', 'a/2']);
      expectation(await store.list('n', 'a%')).toEqual(['a%']);
      expectation(await store.list('n', 'a_')).toEqual(['a_x']);
      expectation(await store.list('n', 'zz')).toEqual([]);
    });

    test('keeps empty strings, NUL, quotes and long text whole', async () => {
      const text = `'";--\0${'x'.repeat(300_000)}`;
      await store.set('', '', text);
      await store.set('', 'a\0b', '2');
      expectation((await store.get('', ''))?.text).toBe(text);
      expectation((await store.get('', 'a\0b'))?.text).toBe('2');
      expectation(await store.list('', 'a\0')).toEqual(['a\0b']);
    });

    test('refuses a key or text that is not well-formed Unicode', async () => {
      await expectRejection(store.set('a', '\ud800', '1'), 'request.params');
      await expectRejection(store.set('a', 'k', '\udc00'), 'request.params');
      await expectRejection(store.get('a', '\ud800'), 'request.params');
    });

    test('counts a version for every write, and starts at 1 again after a delete or an expiry', async () => {
      expectation(await store.put('a', 'k', '1')).toEqual({ status: 'ok', version: 1 });
      await store.set('a', 'k', '2');
      expectation(await store.put('a', 'k', '3', { ttlMs: 10 })).toEqual({ status: 'ok', version: 3 });
      clock.now += 10;
      expectation(await store.put('a', 'k', '4')).toEqual({ status: 'ok', version: 1 });
      await store.delete('a', 'k');
      expectation(await store.put('a', 'k', '5')).toEqual({ status: 'ok', version: 1 });
      await store.set('a', 'k', '6', 10);
      clock.now += 10;
      await store.set('a', 'k', '7');
      expectation((await store.get('a', 'k'))?.version).toBe(1);
    });

    test('writes only over the version that was asked for, and says which one is there', async () => {
      expectation(await store.put('a', 'k', '1', { ifVersion: 0 })).toEqual({ status: 'ok', version: 1 });
      expectation(await store.put('a', 'k', '2', { ifVersion: 0 })).toEqual({ status: 'conflict', version: 1 });
      expectation(await store.put('a', 'k', '2', { ifVersion: 1 })).toEqual({ status: 'ok', version: 2 });
      expectation(await store.put('a', 'k', '3', { ifVersion: 1 })).toEqual({ status: 'conflict', version: 2 });
      expectation(await store.put('a', 'none', '3', { ifVersion: 1 })).toEqual({ status: 'conflict', version: 0 });
      expectation((await store.get('a', 'k'))?.text).toBe('2');
    });

    test('takes an expired entry for none when it looks for a version', async () => {
      await store.set('a', 'k', '1', 10);
      clock.now += 10;
      expectation(await store.put('a', 'k', '2', { ifVersion: 1 })).toEqual({ status: 'conflict', version: 0 });
      expectation(await store.put('a', 'k', '2', { ifVersion: 0 })).toEqual({ status: 'ok', version: 1 });
    });

    test('lets one of many writers of the same version through', async () => {
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.put('a', 'k', String(index), { ifVersion: 0 })),
      );
      expectation(wins.filter(({ status }) => status === 'ok')).toHaveLength(1);
      expectation(wins.filter(({ status }) => status === 'conflict')).toHaveLength(19);
    });

    test('refuses a write over the bytes of the namespace, counts keys and values in UTF-8, and changes nothing then', async () => {
      // 1 byte of key and 4 of value each: é has two.
      expectation(await store.put('a', 'x', 'éé', { namespaceBytesMax: 10 })).toMatchObject({ status: 'ok' });
      expectation(await store.put('a', 'y', 'éé', { namespaceBytesMax: 10 })).toMatchObject({ status: 'ok' });
      expectation(await store.put('a', 'z', '', { namespaceBytesMax: 10 })).toEqual({
        status: 'full',
        bytes: 10,
        entries: 2,
      });
      expectation(await store.put('a', 'x', 'ééé', { namespaceBytesMax: 10 })).toEqual({
        status: 'full',
        bytes: 10,
        entries: 2,
      });
      expectation((await store.get('a', 'x'))?.text).toBe('éé');
      expectation(await store.put('b', 'z', 'zzzz', { namespaceBytesMax: 10 })).toMatchObject({ status: 'ok' });
    });

    test('lets a write that makes the namespace smaller pass, however full it is', async () => {
      await store.set('a', 'x', 'x'.repeat(50));
      expectation(await store.put('a', 'x', 'x'.repeat(40), { namespaceBytesMax: 10 })).toEqual({
        status: 'ok',
        version: 2,
      });
      expectation(await store.put('a', 'x', 'x'.repeat(41), { namespaceBytesMax: 10 })).toMatchObject({
        status: 'full',
      });
    });

    test('refuses a new entry over the number of entries, and replaces one that is there', async () => {
      await store.set('a', 'x', '1');
      await store.set('a', 'y', '1');
      expectation(await store.put('a', 'z', '1', { entriesMax: 2 })).toEqual({ status: 'full', bytes: 4, entries: 2 });
      expectation(await store.put('a', 'x', '2', { entriesMax: 2 })).toMatchObject({ status: 'ok' });
    });

    test('counts no expired entry towards the limits of a namespace', async () => {
      await store.set('a', 'x', 'x'.repeat(50), 10);
      clock.now += 10;
      expectation(await store.put('a', 'y', '1', { namespaceBytesMax: 10, entriesMax: 1 })).toMatchObject({
        status: 'ok',
      });
    });

    test('looks for the version first, then for the limits', async () => {
      await store.set('a', 'x', '1');
      expectation(await store.put('a', 'x', 'long', { ifVersion: 7, namespaceBytesMax: 1 })).toEqual({
        status: 'conflict',
        version: 1,
      });
    });

    test('adds to a number, and starts at 0', async () => {
      expectation(await store.increment('a', 'n', 5)).toEqual({ status: 'ok', version: 1, value: 5 });
      expectation(await store.increment('a', 'n', -7)).toEqual({ status: 'ok', version: 2, value: -2 });
      expectation(await store.increment('a', 'n', 0.25)).toEqual({ status: 'ok', version: 3, value: -1.75 });
      expectation((await store.get('a', 'n'))?.text).toBe('-1.75');
      await store.set('a', 'm', '0.1');
      expectation(await store.increment('a', 'm', 0.2)).toMatchObject({ value: 0.1 + 0.2 });
      await store.set('a', 'big', '1e21');
      expectation(await store.increment('a', 'big', 1e21)).toMatchObject({ value: 2e21 });
      expectation(JSON.parse((await store.get('a', 'big'))?.text ?? '')).toBe(2e21);
    });

    test('loses no increment of many at the same time', async () => {
      await Promise.all(Array.from({ length: 50 }, () => store.increment('a', 'n', 1)));
      expectation((await store.get('a', 'n'))?.text).toBe('50');
    });

    test('keeps the expiry of a number that it adds to, unless a new one is given', async () => {
      await store.set('a', 'n', '1', 100);
      await store.increment('a', 'n', 1);
      expectation((await store.get('a', 'n'))?.expiresAtMs).toBe(1_000_100);
      await store.increment('a', 'n', 1, { ttlMs: 500 });
      expectation((await store.get('a', 'n'))?.expiresAtMs).toBe(1_000_500);
      clock.now += 500;
      expectation(await store.increment('a', 'n', 1)).toEqual({ status: 'ok', version: 1, value: 1 });
    });

    test('adds under the same conditions as any write', async () => {
      await store.set('a', 'n', '1');
      expectation(await store.increment('a', 'n', 1, { ifVersion: 2 })).toEqual({ status: 'conflict', version: 1 });
      expectation(await store.increment('a', 'other', 1, { entriesMax: 1 })).toEqual({
        status: 'full',
        bytes: 2,
        entries: 1,
      });
      expectation(await store.increment('a', 'n', 99, { namespaceBytesMax: 3 })).toMatchObject({ status: 'full' });
      expectation(await store.increment('a', 'n', 1, { namespaceBytesMax: 2 })).toMatchObject({
        status: 'ok',
        value: 2,
      });
    });

    test('refuses to add to what is no number, and to go beyond the numbers', async () => {
      for (const text of ['"1"', 'null', '[1]', '', '1 2', '0x10', 'NaN']) {
        await store.set('a', 'k', text);
        await expectRejection(store.increment('a', 'k', 1), 'request.params', text);
        expectation((await store.get('a', 'k'))?.text).toBe(text);
      }
      await store.setBytes('a', 'bytes', new Uint8Array([49]));
      await expectRejection(store.increment('a', 'bytes', 1), 'request.params');
      await expectRejection(store.increment('a', 'n', Number.NaN), 'request.params');
      await store.set('a', 'n', '1e308');
      await expectRejection(store.increment('a', 'n', 1e308), 'request.params');
      expectation((await store.get('a', 'n'))?.text).toBe('1e308');
    });

    test('keeps bytes as they are, apart from texts', async () => {
      const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
      await store.setBytes('a', 'b', bytes, 100);
      const kept = await store.getBytes('a', 'b');
      expectation(kept).toMatchObject({ version: 1, expiresAtMs: 1_000_100, updatedAtMs: 1_000_000 });
      expectation(Buffer.from(kept?.bytes ?? []).equals(bytes)).toBe(true);
      expectation(await store.get('a', 'b')).toBeUndefined();
      await store.set('a', 't', 'text');
      expectation(await store.getBytes('a', 't')).toBeUndefined();
      await store.setBytes('a', 'empty', new Uint8Array(0));
      expectation((await store.getBytes('a', 'empty'))?.bytes).toHaveLength(0);
      expectation(await store.put('a', 'b', bytes, { ifVersion: 1, namespaceBytesMax: 2_000 })).toMatchObject({
        version: 2,
      });
      clock.now += 200;
      expectation(await store.list('a')).toEqual(['b', 'empty', 't']);
    });

    test('does not keep hold of the bytes that it was given or has given', async () => {
      const bytes = new Uint8Array([1, 2, 3]);
      await store.setBytes('a', 'b', bytes);
      bytes[0] = 9;
      const first = (await store.getBytes('a', 'b'))?.bytes as Uint8Array;
      expectation([...first]).toEqual([1, 2, 3]);
      first[0] = 8;
      expectation([...((await store.getBytes('a', 'b'))?.bytes ?? [])]).toEqual([1, 2, 3]);
    });

    test('tells sizes, versions and times of the living entries, by prefix', async () => {
      await store.set('a', 'p/é', '12345', 100);
      await store.set('a', 'p/a', '1');
      await store.set('a', 'p/a', '12');
      await store.setBytes('a', 'q', new Uint8Array(10));
      await store.set('a', 'p/gone', '1', 1);
      clock.now += 5;
      expectation(await store.entries('a', 'p/')).toEqual([
        { key: 'p/a', bytes: 5, version: 2, expiresAtMs: undefined, updatedAtMs: 1_000_000 },
        { key: 'p/é', bytes: 9, version: 1, expiresAtMs: 1_000_100, updatedAtMs: 1_000_000 },
      ]);
      expectation((await store.entries('a')).map(({ key, bytes }) => [key, bytes])).toEqual([
        ['p/a', 5],
        ['p/é', 9],
        ['q', 11],
      ]);
    });

    test('clears one namespace and says how many entries lived in it', async () => {
      await store.set('a', 'x', '1');
      await store.set('a', 'y', '1');
      await store.set('a', 'gone', '1', 1);
      await store.set('b', 'x', '1');
      clock.now += 5;
      expectation(await store.clear('a')).toBe(2);
      expectation(await store.clear('a')).toBe(0);
      expectation(await store.list('a')).toEqual([]);
      expectation(await store.list('b')).toEqual(['x']);
      expectation(await store.put('a', 'x', '12', { ifVersion: 0, namespaceBytesMax: 3 })).toMatchObject({
        status: 'ok',
      });
    });

    test('behaves like a map over any sequence of writes, deletes and waits, and counts its bytes', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const random = randomOf(round + 1);
        const namespace = `round${round}`;
        const model = new Map<string, { text: string; endsAt: number }>();
        const said: string[] = [];
        try {
          for (let step = 0; step < random(STEPS_MAX) + 1; step++) {
            const key = KEYS[random(KEYS.length)] as string;
            const text = TEXTS[random(TEXTS.length)] as string;
            const action = random(4);
            said.push(`${['set', 'expire', 'delete', 'wait'][action]} ${key} ${text}`);
            if (action === 0) {
              await store.set(namespace, key, text);
              model.set(key, { text, endsAt: Number.POSITIVE_INFINITY });
            } else if (action === 1) {
              const ttlMs = random(20) + 1;
              await store.set(namespace, key, text, ttlMs);
              model.set(key, { text, endsAt: clock.now + ttlMs });
            } else if (action === 2) {
              expectation(await store.delete(namespace, key)).toBe(model.delete(key));
            } else {
              clock.now += random(4) === 0 ? random(30_000) : random(20);
            }
            for (const [kept, entry] of model) if (entry.endsAt <= clock.now) model.delete(kept);
            expectation([...(await store.list(namespace))].sort()).toEqual([...model.keys()].sort());
            for (const [kept, entry] of model) expectation((await store.get(namespace, kept))?.text).toBe(entry.text);
          }
          const bytes = [...model].reduce((sum, [key, { text }]) => sum + utf8(key) + utf8(text), 0);
          // The smallest limit that a new entry of three bytes fits in.
          const tight = await store.put(namespace, 'new', '', { namespaceBytesMax: bytes + 2 });
          expectation(tight).toMatchObject({ status: 'full', bytes });
          const fits = await store.put(namespace, 'new', '', { namespaceBytesMax: bytes + 3 });
          expectation(fits).toMatchObject({ status: 'ok' });
        } catch (error) {
          throw new Error(`round ${round} (${said.join('; ')}): ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        }
      }
    });

    test('refuses every operation after close, and closes twice without harm', async () => {
      await store.set('a', 'k', '1');
      await store.close();
      await store.close();
      await expectRejection(store.get('a', 'k'), 'state.unavailable');
      await expectRejection(store.set('a', 'k', '1'), 'state.unavailable');
      await expectRejection(store.list('a'), 'state.unavailable');
      await expectRejection(store.delete('a', 'k'), 'state.unavailable');
      await expectRejection(store.put('a', 'k', '1'), 'state.unavailable');
      await expectRejection(store.increment('a', 'k', 1), 'state.unavailable');
      await expectRejection(store.entries('a'), 'state.unavailable');
      await expectRejection(store.clear('a'), 'state.unavailable');
      await expectRejection(store.getBytes('a', 'k'), 'state.unavailable');
    });
  });
}

const KEYS = ['a', 'b', 'ab', 'é'];
const TEXTS = ['', '1', 'é', '😀', 'longer text', '"quoted"'];

function utf8(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Numbers from 0 below `end`, the same for the same seed (mulberry32). */
function randomOf(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * end);
  };
}
