/** The built binary with state in a real Redis: shared by two processes, gone, back; and never its password. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';
import { Served } from './served.ts';
import { World } from './world.ts';

const PASSWORD = 'geheim-und-lang';
const world = new World();
// What stays on this machine's disk stays in the folder of this test.
process.env.XDG_STATE_HOME = world.path('state');
afterAll(() => world.close());

const docs = {
  docs: { command: process.execPath, args: [join(import.meta.dirname, '../fixtures/servers/versions.mjs')] },
};
const GET = 'return tools.docs.get({ id: 1 })';

describe.skipIf(withoutRedis)('serve --state redis://…', () => {
  it('shares context and results between processes, goes on without Redis, and comes back', async () => {
    await using redis = await RedisServer.start({ password: PASSWORD });
    const config = world.config('redis', docs, { cache: { ttlMs: 600_000 } });
    const env = ['--state', redis.url];
    const [one, two] = [new Served(world, config, env), new Served(world, config, env)];

    await one.run(1, 'await context.set("seen", 7)');
    expect((await two.run(1, 'return context.get("seen")')).value).toBe(7);
    expect((await one.run(2, GET)).calls).toMatchObject([{ status: 'ok' }]);
    expect((await one.run(3, GET)).calls).toMatchObject([{ status: 'cached' }]);
    await two.run(2, 'await tools.docs.put({ id: 1, value: "new" })');
    expect((await one.run(4, GET)).calls).toMatchObject([{ status: 'ok' }]);

    await redis.stop('SIGKILL');
    expect((await one.run(5, GET)).calls).toMatchObject([{ status: 'cached' }]);
    expect((await one.run(6, 'await context.set("seen", 8)')).error).toMatchObject({ code: 'state.unavailable' });
    expect((await one.run(7, 'return 1 + 1', { idempotencyKey: 'k' })).error.data.code).toBe('state.unavailable');
    expect((await one.run(8, 'return 1 + 1')).value).toBe(2);

    await redis.start();
    await one.until(() => one.stderr.includes('Redis is back') || undefined);
    await one.run(9, 'await context.set("seen", 9)');
    expect((await one.run(10, 'return context.get("seen")')).value).toBe(9);
    expect(one.stderr.split('\n').filter((line) => line.includes('Redis is away'))).toHaveLength(1);
    const { cache } = (await one.ask(11, 'optimizer/stats')).result;
    expect(cache).toMatchObject({ l1: { hits: 2 }, l2: {}, l3: {}, hitRate: expect.any(Number) });
    for (const { stderr, messages } of [one, two]) {
      expect(stderr + JSON.stringify(messages)).not.toContain(PASSWORD);
    }
  });

  it('says which address is wrong, and ends with the status of a bad config', async () => {
    const served = new Served(world, world.config('wrong', docs), ['--state', 'redis://']);
    expect(await served.ended).toMatchObject({ status: 3 });
    expect(served.stderr).toContain('--state: this is no address of a Redis');
  });
});
