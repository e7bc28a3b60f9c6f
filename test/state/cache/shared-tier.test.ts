/** L2 over a real Redis: shared by processes, lost, back again; and never something old after a write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ResultCache } from '../../../src/state/cache/result-cache.ts';
import { RedisConnection } from '../../../src/state/redis-connection.ts';
import { RedisServer, withoutRedis } from '../../fixtures/redis-server.ts';

interface Machine {
  readonly cache: ResultCache;
  readonly connection: RedisConnection;
  /** What was told of the connection. */
  readonly told: string[];
}

/** A way to Redis that can be closed for one machine alone. */
class Road {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(redisPort: number) {
    this.#server = createServer((near) => {
      const far = connect(redisPort, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far).pipe(near);
    });
  }

  static async to(redisPort: number): Promise<Road> {
    const road = new Road(redisPort);
    await road.open();
    return road;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

describe.skipIf(withoutRedis)('results in Redis', () => {
  let redis: RedisServer;
  let folder: string;
  const machines: Machine[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  });

  afterAll(() => redis?.[Symbol.asyncDispose]());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'optimizer-shared-'));
  });

  afterEach(async () => {
    for (const { cache, connection } of machines.splice(0)) {
      cache.close();
      await connection.close();
    }
    await redis.start();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A machine with a disk of its own. */
  function machine(url = redis.url, l1Bytes = 1_000_000): Machine {
    const told: string[] = [];
    const connection = new RedisConnection({
      url,
      onDown: (reason) => told.push(`down: ${reason}`),
      onUp: () => told.push('up'),
      commandTimeoutMs: 500,
    });
    const cache = new ResultCache({
      l1Bytes,
      disk: { path: join(folder, `${machines.length}.sqlite`), bytesMax: 1_000_000 },
      redis: connection,
      restore: (text) => JSON.parse(text),
      nowMs: () => Date.now(),
      onDiskLost(error) {
        throw error;
      },
    });
    const made = { cache, connection, told };
    machines.push(made);
    return made;
  }

  async function keep({ cache }: Machine, key: string, value: unknown): Promise<void> {
    const look = await cache.look(key, ['s']);
    cache.keep(key, ['s'], { value, text: JSON.stringify(value), ttlMs: 60_000, staleMs: 0 }, look.stamp);
  }

  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  /** Something kept is in Redis a moment after `keep`: nobody waits for it. */
  const arrives = (other: Machine, key: string): Promise<void> =>
    until(async () => 'hit' in (await other.cache.look(key, ['s'])));

  it('are given to another machine, which keeps them in its own memory', async () => {
    const [one, two] = [machine(), machine()];
    await keep(one, 'given', { a: 1 });
    await arrives(two, 'given');
    expect((await two.cache.look('given', ['s'])).hit).toEqual({ a: 1 });
    const { l1, l2 } = await two.cache.stats();
    expect(l1.hits).toBe(1);
    expect(l2.hits).toBe(1);
    expect(l2.entries).toBe(1);
    expect(l2.bytes).toBeGreaterThan(7);
  });

  it('end on every machine with a write on one, also what stands in memory', async () => {
    const [one, two] = [machine(), machine()];
    await keep(one, 'ended', 1);
    await arrives(two, 'ended');
    await one.cache.invalidate(['s']);
    expect(await two.cache.look('ended', ['s'])).not.toHaveProperty('hit');
    expect(await one.cache.look('ended', ['s'])).not.toHaveProperty('hit');
  });

  it('are neither taken nor kept on any machine while a write of one may still be going on', async () => {
    const [one, two] = [machine(), machine()];
    // A scope of its own, because it stays so for the tests that follow.
    const scopes = ['unsettled'];
    await one.cache.unsettle(scopes, 60_000);
    await one.cache.invalidate(scopes);
    const { stamp } = await two.cache.look('unsettled', scopes);
    two.cache.keep('unsettled', scopes, { value: 1, text: '1', ttlMs: 60_000, staleMs: 0 }, stamp);
    expect(await two.cache.look('unsettled', scopes)).not.toHaveProperty('hit');
    await keep(two, 'settled', 1);
    expect(await two.cache.look('settled', ['s'])).toMatchObject({ hit: 1 });
  });

  it('go on from memory and disk while Redis is away, told once, and heal by themselves', async () => {
    const one = machine();
    await keep(one, 'kept', 1);
    await redis.stop();
    for (let look = 0; look < 5; look++) expect((await one.cache.look('kept', ['s'])).hit).toBe(1);
    await keep(one, 'meanwhile', 2);
    expect((await one.cache.look('meanwhile', ['s'])).hit).toBe(2);
    await one.cache.invalidate(['s']);
    expect(await one.cache.look('kept', ['s'])).not.toHaveProperty('hit');
    expect(one.told).toHaveLength(1);
    expect(one.told[0]).toMatch(/^down: /);
    await redis.start();
    await until(() => one.connection.state === 'up');
    expect(one.told.slice(1)).toEqual(['up']);
    await keep(one, 'after', 3);
    await arrives(machine(), 'after');
  });

  it('are worth nothing after an outage, in which a write may have been missed', async () => {
    const [one, two] = [machine(), machine()];
    await keep(one, 'old', 1);
    await arrives(two, 'old');
    await redis.stop();
    await one.cache.look('old', ['s']);
    // Two cannot hear of this write now.
    await one.cache.invalidate(['s']);
    await redis.start();
    await until(() => one.connection.state === 'up' && two.connection.state !== 'down');
    expect(await one.cache.look('old', ['s'])).not.toHaveProperty('hit');
    expect(await two.cache.look('old', ['s'])).not.toHaveProperty('hit');
  });

  it('are worth nothing after an outage of one machine, though that machine asks for nothing any more', async () => {
    const road = await Road.to(redis.port);
    const [near, far] = [machine(), machine(road.url)];
    await keep(near, 'road', 1);
    await arrives(far, 'road');
    road.close();
    await until(() => far.connection.state === 'down');
    await far.cache.invalidate(['s']);
    // Nobody can have told it.
    expect(await near.cache.look('road', ['s'])).toHaveProperty('hit');
    await road.open();
    await until(async () => !('hit' in (await near.cache.look('road', ['s']))));
    road.close();
  });

  it('are worth nothing when Redis has lost its generations', async () => {
    const one = machine();
    await one.cache.invalidate(['s']);
    await keep(one, 'lost', 1);
    await one.connection.run((client) => client.del('mcp-optimizer:cache:generations'));
    expect(await one.cache.look('lost', ['s'])).not.toHaveProperty('hit');
  });

  it('do not hold anybody up when Redis takes commands and does not answer', async () => {
    const one = machine();
    await keep(one, 'slow', 1);
    redis.freeze(true);
    try {
      // The first look finds out; the others know.
      for (let look = 0; look < 20; look++) expect((await one.cache.look('slow', ['s'])).hit).toBe(1);
      expect(one.told).toEqual(['down: no answer within 500 ms']);
    } finally {
      redis.freeze(false);
    }
    await until(() => one.connection.state === 'up');
  });

  it('are done without when there never was a Redis', async () => {
    const one = machine('redis://127.0.0.1:1');
    await keep(one, 'k', 1);
    expect((await one.cache.look('k', ['s'])).hit).toBe(1);
    expect((await one.cache.stats()).l2).toEqual({ hits: 0, misses: 0, bytes: 0, entries: 0 });
    expect(one.told).toHaveLength(1);
  });

  it('are never older than a write that was acknowledged before, on whichever machine', async () => {
    const all = [machine(), machine(redis.url, 0), machine()];
    let version = 0;
    let acknowledged = 0;
    const stale: string[] = [];
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const reader = async ({ cache }: Machine): Promise<void> => {
      for (let round = 0; round < 150; round++) {
        const floor = acknowledged;
        const look = await cache.look('v', ['s']);
        let seen = look.hit as number | undefined;
        if (seen === undefined) {
          await pause();
          seen = version;
          await pause();
          cache.keep('v', ['s'], { value: seen, text: String(seen), ttlMs: 60_000, staleMs: 0 }, look.stamp);
        }
        if (seen < floor) stale.push(`saw ${seen}, ${floor} was acknowledged`);
        if (round % 4 === 0) await pause();
      }
    };
    const writer = async ({ cache }: Machine): Promise<void> => {
      for (let round = 0; round < 60; round++) {
        await cache.invalidate(['s']);
        await pause();
        const made = ++version;
        await pause();
        await cache.invalidate(['s']);
        acknowledged = Math.max(acknowledged, made);
        await pause();
        await pause();
      }
    };
    await Promise.all([...all, ...all].map(reader).concat(all.map(writer)));
    expect(stale).toEqual([]);
    const hits = await Promise.all(all.map(async ({ cache }) => (await cache.stats()).hitRate));
    for (const rate of hits) expect(rate).toBeGreaterThan(0);
  });
});
