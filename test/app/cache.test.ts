/** The cache in the whole product: programs, a real server, a real Redis. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app/compose.ts';
import type { Config } from '../../src/config/config.ts';
import type { Json } from '../../src/core/json.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { ExecuteRequest } from '../../src/engine/request.ts';
import type { StdioServerSpec } from '../../src/upstream/server-spec.ts';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';
import { openHouse, server } from './house.ts';

let folder: string;
const apps: App[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'optimizer-house-cache-'));
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  rmSync(folder, { recursive: true, force: true });
});

async function house(cache: Partial<Config['cache']>, spec: Partial<StdioServerSpec> = {}, more: Partial<Config> = {}) {
  const statePath = join(folder, 'state.sqlite');
  const path = join(folder, 'cache.sqlite');
  const { app, lines } = await openHouse([server('docs', 'versions', spec)], {
    statePath,
    cache: { ttlMs: undefined, l1Bytes: 1_000_000, l3Bytes: 1_000_000, staleOnErrorMs: 0, path, ...cache },
    ...more,
  });
  apps.push(app);
  const run = (code: string, request: Partial<ExecuteRequest> = {}): Promise<Outcome> =>
    app.engine.execute({ code, ...request }, { signal: new AbortController().signal, onEvent() {} });
  const statuses = async (code: string, request: Partial<ExecuteRequest> = {}): Promise<string[]> =>
    (await run(code, request)).calls.map(({ status }) => status);
  return {
    app,
    lines,
    run,
    statuses,
    stats: async () => (await app.engine.stats()) as unknown as { cache: CacheStats },
  };
}

interface CacheStats {
  l1: Tier;
  l2: Tier;
  l3: Tier;
  hitRate: number;
}
interface Tier {
  hits: number;
  misses: number;
  bytes: number;
  entries: number;
}

const GET = 'return tools.docs.get({ id: 1 })';

describe('a read in a program', () => {
  it('is answered from the cache the second time, also in a read-only run, and the outcome says so', async () => {
    const { run, stats } = await house({ ttlMs: 60_000 });
    const first = await run(GET);
    const second = await run(GET, { readOnly: true });
    expect(first.calls).toMatchObject([{ tool: 'docs.get', status: 'ok' }]);
    expect(second.calls).toMatchObject([{ tool: 'docs.get', status: 'cached', effect: 'read' }]);
    expect(second.value).toEqual(first.value);
    expect(second.tokens.withoutOptimizer).toBe(first.tokens.withoutOptimizer);
    const { cache } = await stats();
    expect(cache).toMatchObject({ l1: { hits: 1, misses: 1, entries: 1 }, l2: { hits: 0, entries: 0 }, hitRate: 0.5 });
    expect(cache.l3.entries).toBe(1);
  });

  it('asks the server every time when nobody says for how long, and opens no file', async () => {
    const { statuses, stats } = await house({});
    expect([...(await statuses(GET)), ...(await statuses(GET))]).toEqual(['ok', 'ok']);
    expect((await stats()).cache.hitRate).toBe(0);
    expect(existsSync(join(folder, 'cache.sqlite'))).toBe(false);
  });

  it('is kept because the server says so', async () => {
    const { statuses } = await house({});
    const code = 'return tools.docs.offered({ id: 1 })';
    await statuses(code);
    await statuses(code);
    expect(await statuses(code)).toEqual(['cached']);
  });

  it('is kept for as long as the config says of its server, over that of all', async () => {
    const { statuses } = await house({ ttlMs: 60_000 }, { cache: { ttlMs: 0, tags: {} } });
    expect([...(await statuses(GET)), ...(await statuses(GET))]).toEqual(['ok', 'ok']);
  });

  it('belongs to its tenant', async () => {
    const { statuses } = await house({ ttlMs: 60_000 });
    expect(await statuses(GET, { tenant: 'one' })).toEqual(['ok']);
    expect(await statuses(GET, { tenant: 'two' })).toEqual(['ok']);
    expect(await statuses(GET, { tenant: 'one' })).toEqual(['cached']);
  });

  it('is there in the next process', async () => {
    const first = await house({ ttlMs: 60_000 });
    await first.statuses(GET);
    await first.app.close();
    const second = await house({ ttlMs: 60_000 });
    expect(await second.statuses(GET)).toEqual(['cached']);
    expect((await second.stats()).cache.l3.hits).toBe(1);
  });

  it('is not shared with a server of the same name that is another one, or has other credentials', async () => {
    await (await house({ ttlMs: 60_000 })).statuses(GET);
    const other = await house({ ttlMs: 60_000 }, { env: { TOKEN: 'of-somebody-else' } });
    expect(await other.statuses(GET)).toEqual(['ok']);
  });

  it('is not written to disk when state is in memory', async () => {
    const { statuses } = await house({ ttlMs: 60_000 }, {}, { statePath: undefined });
    await statuses(GET);
    expect(await statuses(GET)).toEqual(['cached']);
    expect(existsSync(join(folder, 'cache.sqlite'))).toBe(false);
  });

  it('is made once by a program that makes it many times at once', async () => {
    const { run } = await house({ ttlMs: 60_000 });
    const outcome = await run('return Promise.all([1, 2, 3, 4].map(() => tools.docs.slow({ id: 1, ms: 50 })))');
    expect((outcome.value as Array<{ reads: number }>).map(({ reads }) => reads)).toEqual([1, 1, 1, 1]);
    expect(outcome.calls.map(({ status }) => status).sort()).toEqual(['cached', 'cached', 'cached', 'ok']);
  });

  it('is not kept when it fails, holds bytes, or holds a secret', async () => {
    const env = { TOKEN: 'hidden-from-all' };
    const { statuses } = await house({ ttlMs: 60_000 }, { env }, { secrets: ['hidden-from-all'] });
    for (const tool of ['fails', 'image', 'secret']) {
      const code = `try { await tools.docs.${tool}() } catch {}`;
      expect([tool, ...(await statuses(code)), ...(await statuses(code))]).not.toContain('cached');
    }
    await statuses(GET);
    const kept = readFileSync(join(folder, 'cache.sqlite')).toString('latin1');
    expect(kept).not.toContain('hidden-from-all');
  });
});

describe('a write in a program', () => {
  const value = async ({ run }: { run(code: string): Promise<Outcome> }, id = 1): Promise<Json | undefined> =>
    (await run(`return (await tools.docs.get({ id: ${id} })).value`)).value;

  it('is seen by the next read, also when it has failed', async () => {
    const docs = await house({ ttlMs: 60_000 });
    expect(await value(docs)).toBeNull();
    await docs.run('await tools.docs.put({ id: 1, value: "a" })');
    expect(await value(docs)).toBe('a');
    await docs.run('try { await tools.docs.putFails({ id: 1, value: "b" }) } catch {}');
    expect(await value(docs)).toBe('b');
    const outcome = await docs.run(`
      const before = await tools.docs.get({ id: 1 });
      await tools.docs.put({ id: 1, value: "c" });
      return [before.value, (await tools.docs.get({ id: 1 })).value];`);
    expect(outcome.value).toEqual(['b', 'c']);
    expect(outcome.calls.map(({ status }) => status)).toEqual(['cached', 'ok', 'ok']);
  });

  it('is seen in the end also when nobody waited for it', async () => {
    const docs = await house({ ttlMs: 60_000 });
    await value(docs);
    await docs.run('await tools.docs.putLate({ id: 1, value: "late", ms: 300 })', { limits: { toolTimeoutMs: 100 } });
    // Nothing that is read now is kept.
    for (let seen: unknown; seen !== 'late'; seen = await value(docs)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('leaves alone what shares no tag with it', async () => {
    const tags = { get: ['doc {id}'], put: ['doc {id}'] };
    const { run, statuses } = await house({}, { cache: { ttlMs: 60_000, tags } });
    const code = 'await tools.docs.get({ id: 1 }); await tools.docs.get({ id: 2 }); await tools.docs.list()';
    expect(await statuses(code)).toEqual(['ok', 'ok', 'ok']);
    expect(await statuses(code)).toEqual(['cached', 'cached', 'cached']);
    await run('await tools.docs.put({ id: 1, value: "a" })');
    expect(await statuses(code)).toEqual(['ok', 'cached', 'ok']);
  });

  it('is seen by another process on the same files', async () => {
    const [one, two] = [await house({ ttlMs: 60_000 }), await house({ ttlMs: 60_000 })];
    await one.statuses(GET);
    expect(await two.statuses(GET)).toEqual(['cached']);
    await two.run('await tools.docs.put({ id: 1, value: "a" })');
    expect(await one.statuses(GET)).toEqual(['ok']);
  });
});

describe('a server that has gone away', () => {
  it.each([
    [60_000, ['cached']],
    [0, ['unknown']],
  ])('is stood in for by an old result for %d ms', async (staleOnErrorMs, expected) => {
    const env = { GONE: join(folder, 'gone') };
    const { statuses } = await house({ ttlMs: 1, staleOnErrorMs }, { env });
    expect(await statuses(GET)).toEqual(['ok']);
    writeFileSync(env.GONE, '');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await statuses(GET)).toEqual(expected);
  });
});

describe.skipIf(withoutRedis)('with state in Redis', () => {
  it('reads and runs go on without it, writes of state are refused, one line is logged, and it heals', async () => {
    await using redis = await RedisServer.start();
    const config = { statePath: undefined, redisUrl: redis.url };
    const { app, lines, statuses, stats, run } = await house({ ttlMs: 600_000 }, {}, config);
    expect(await statuses(GET)).toEqual(['ok']);
    expect(await statuses(GET)).toEqual(['cached']);
    for (let entries = 0; entries === 0; entries = (await stats()).cache.l2.entries);
    await redis.stop();
    expect(await statuses(GET)).toEqual(['cached']);
    expect((await run('return 1 + 1')).value).toBe(2);
    expect(await statuses('return tools.docs.get({ id: 2 })')).toEqual(['ok']);
    expect(await statuses('return tools.docs.get({ id: 2 })')).toEqual(['cached']);
    expect(await run('await tools.docs.put({ id: 2, value: "x" }); return tools.docs.get({ id: 2 })')).toMatchObject({
      status: 'completed',
      value: { value: 'x' },
    });
    await expect(run('return 1', { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'state.unavailable' });
    expect((await run('await context.set("a", 1)')).error).toMatchObject({ code: 'state.unavailable' });
    const warnings = () => lines.filter((line) => /"level":"(?:warn|error)"/.test(line));
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('Redis is away');
    await redis.start();
    while (!lines.some((line) => line.includes('Redis is back'))) await new Promise((done) => setTimeout(done, 20));
    expect((await run('await context.set("a", 1); return context.get("a")')).status).toBe('completed');
    expect(await statuses(GET)).toEqual(['ok']);
    expect(await statuses(GET)).toEqual(['cached']);
    expect(warnings()).toHaveLength(1);
    await app.close();
  });

  it('a process that starts while it is away calls what this machine knows, with one line in the log', async () => {
    await using redis = await RedisServer.start();
    const config = { statePath: undefined, redisUrl: redis.url };
    const first = await house({ ttlMs: 600_000 }, {}, config);
    expect(await first.statuses(GET)).toEqual(['ok']);
    await first.app.close();
    await redis.stop();
    const { lines, statuses, run, app } = await house({ ttlMs: 600_000 }, {}, config);
    expect((await run('return 1')).value).toBe(1);
    expect(await statuses(GET)).toEqual(['cached']);
    expect(await statuses('return tools.docs.get({ id: 2 })')).toEqual(['ok']);
    expect((await app.engine.search('get a document', 5)).total).toBe(10);
    expect(lines.filter((line) => /"level":"(?:warn|error)"/.test(line))).toHaveLength(1);
  });

  it('two machines share results, and a write on one is seen on the other', async () => {
    await using redis = await RedisServer.start();
    const config = { statePath: undefined, redisUrl: redis.url };
    const one = await house({ ttlMs: 600_000, path: join(folder, 'one.sqlite') }, {}, config);
    const two = await house({ ttlMs: 600_000, path: join(folder, 'two.sqlite') }, {}, config);
    await one.statuses(GET);
    for (let entries = 0; entries === 0; entries = (await one.stats()).cache.l2.entries);
    expect(await two.statuses(GET)).toEqual(['cached']);
    expect((await two.stats()).cache.l2.hits).toBe(1);
    await two.run('await tools.docs.put({ id: 1, value: "a" })');
    expect(await one.statuses(GET)).toEqual(['ok']);
  });
});
