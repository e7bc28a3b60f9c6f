/** One suite over every keeper of the store contract; random sequences with fast-check on top. */
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
import { MovedClock, storeContract } from '../../src/testing/store-contract.ts';
import { framework } from '../contract/framework.ts';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';

let redis: RedisServer | undefined;
let connection: RedisConnection | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'optimizer-state-'));
  if (withoutRedis) return;
  redis = await RedisServer.start();
  connection = new RedisConnection({ url: redis.url });
});

afterAll(async () => {
  await connection?.close();
  await redis?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

let files = 0;
const keepers: Record<string, (clock: Clock) => Promise<Store>> = {
  memory: async (clock) => new MemoryStore(clock),
  sqlite: async (clock) => new SqliteStore({ path: join(folder, `${files++}.sqlite`), clock }),
  redis: async (clock) => {
    // One Redis serves all of these tests.
    await connection?.run((client) => client.flushall());
    return new RedisStore({ connection: connection as RedisConnection, clock });
  },
};

const skipped = (keeper: string): string | undefined =>
  keeper === 'redis' && withoutRedis ? 'redis-server is not installed' : undefined;

for (const [name, open] of Object.entries(keepers)) storeContract({ name, open, framework, skip: skipped(name) });

describe.each(Object.keys(keepers))('the %s store, by random sequences', (keeper) => {
  let clock: MovedClock;
  let store: Store;

  beforeEach(async (context) => {
    if (skipped(keeper) !== undefined) context.skip(skipped(keeper));
    clock = new MovedClock();
    store = await (keepers[keeper] as (clock: Clock) => Promise<Store>)(clock);
  });

  afterEach(() => store?.close());

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
});

describe('sweeping the memory store', () => {
  it('gives the space of expired entries back on a later write', async () => {
    const clock = new MovedClock();
    const store = new MemoryStore(clock);
    for (let index = 0; index < 100; index++) await store.set('a', `k${index}`, 'x', 10);
    clock.now += 120_000;
    expect(store.entryCount).toBe(100);
    await store.set('b', 'k', 'x');
    expect(store.entryCount).toBe(1);
  });
});
