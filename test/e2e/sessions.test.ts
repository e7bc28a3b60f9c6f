/** Sessions and context through the built binary: over restarts, over processes, over machines by way of Redis. */
import { afterAll, describe, expect, it } from 'vitest';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';
import { command, Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
afterAll(() => world.close());

let number = 0;
const configWith = (more: object): string => world.config(`sessions-${number++}`, {}, { ...more });
const stateFile = (): string => world.path(`state-${number++}.sqlite`);

describe('a session', () => {
  it('is there after the process that kept it was killed', async () => {
    const config = configWith({ state: stateFile() });
    const first = new Served(world, config);
    const kept = await first.run(
      1,
      "const rows = [1, 2]; function sum() { return rows.reduce((a, b) => a + b) } await context.set('note', 'n'); return sum()",
      { session: 's' },
    );
    expect(kept.value).toBe(3);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = new Served(world, config);
    const outcome = await second.run(1, "rows.push(10); return [sum(), await context.get('note')]", { session: 's' });
    expect(outcome.value).toEqual([13, 'n']);
    const { sessions } = (await second.ask(2, 'optimizer/sessions.list')).result;
    expect(sessions).toEqual([
      {
        session: 's',
        bytes: expect.any(Number),
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        lastUsedAt: expect.any(String),
        expiresAt: expect.any(String),
      },
    ]);
    expect((await second.ask(3, 'optimizer/sessions.get', { session: 's' })).result).toEqual(sessions[0]);
    expect((await second.ask(4, 'optimizer/sessions.delete', { session: 's' })).result).toEqual({ deleted: true });
    expect(
      (await second.run(5, "return [typeof rows, (await context.get('note')) ?? null]", { session: 's' })).value,
    ).toEqual(['undefined', null]);
    expect((await second.ask(6, 'optimizer/sessions.get', { session: 'other' })).error.data).toMatchObject({
      code: 'state.missing',
    });
    expect((await second.end()).status).toBe(0);
  });

  it('moves between two processes on one file, and both count in one context', async () => {
    const config = configWith({ state: stateFile() });
    const [a, b] = [new Served(world, config), new Served(world, config)];
    expect((await a.run(1, 'let n = 1; return n', { session: 's' })).value).toBe(1);
    expect((await b.run(1, 'n += 1; return n', { session: 's' })).value).toBe(2);
    expect((await a.run(2, 'n += 1; return n', { session: 's' })).value).toBe(3);
    const count = "for (let i = 0; i < 50; i++) await context.increment('n'); return 1";
    await Promise.all([a.run(3, count), b.run(3, count), a.run(4, count)]);
    expect((await b.ask(5, 'optimizer/context.get', { key: 'n' })).result).toMatchObject({ value: 150, version: 150 });
    expect((await b.ask(6, 'optimizer/context.set', { key: 'n', value: 0, ifVersion: 1 })).error.data).toMatchObject({
      code: 'state.conflict',
      retryable: true,
    });
  });

  it('belongs to its tenant', async () => {
    const served = new Served(world, configWith({}));
    await served.run(1, 'const secret = 1; return 1', { session: 's', tenant: 'a' });
    expect((await served.run(2, 'return typeof secret', { session: 's', tenant: 'b' })).value).toBe('undefined');
    expect((await served.ask(3, 'optimizer/sessions.list', { tenant: 'b' })).result.sessions).toHaveLength(1);
    expect((await served.ask(4, 'optimizer/sessions.list')).result.sessions).toEqual([]);
  });

  it('is larger or more numerous than the config allows: refused, and told', async () => {
    const served = new Served(
      world,
      configWith({ sessions: { maxBytes: 20_000 }, limits: { sessions: 2, contextBytes: 1_000 } }),
    );
    const big = await served.run(1, 'const a = Array.from({ length: 9000 }, Math.random); return 1', {
      session: 'big',
    });
    expect(big.error).toMatchObject({ code: 'limit.session' });
    for (const session of ['one', 'two'])
      expect((await served.run(session, 'const a = 1; return a', { session })).value).toBe(1);
    expect((await served.run(2, 'return 1', { session: 'three' })).error).toMatchObject({ code: 'limit.sessions' });
    const full = await served.ask(3, 'optimizer/context.set', { key: 'k', value: 'x'.repeat(2_000) });
    expect(full.error.data).toMatchObject({ code: 'limit.context' });
  });

  it('goes when its time is over', async () => {
    const served = new Served(world, configWith({ sessions: { ttlMs: 1_000 } }));
    await served.run(1, "const a = 1; await context.set('k', 1); return a", { session: 's' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(
      (await served.run(2, "return [typeof a, (await context.get('k')) ?? null]", { session: 's' })).value,
    ).toEqual(['undefined', null]);
  });

  it('is one for MCP, for embedders and for the command line', async () => {
    const state = stateFile();
    const config = configWith({ state });
    const served = new Served(world, config);
    const protocolVersion = '2025-06-18';
    await served.ask(1, 'initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '1' } });
    served.send({ method: 'notifications/initialized' });
    const call = (id: number, code: string) =>
      served.ask(id, 'tools/call', { name: 'run_code', arguments: { code, session: 's' } });
    expect((await call(2, 'const found = { n: 41 }')).result.isError ?? false).toBe(false);
    expect((await call(3, 'found.n + 1')).result.content[0].text).toMatch(/^42\b/);
    expect((await served.run(4, 'return found.n', { session: 's' })).value).toBe(41);
    // What a session holds is known to the check of the next program; what nobody holds is refused before it runs.
    expect((await call(5, 'return [Object.keys(tools), fuond.n]')).result.content[0].text).toContain(
      'nothing is called `fuond`',
    );
    expect((await call(6, 'return [Object.keys(tools), found.n]')).result.content[0].text).toContain('[[],41]');
    await served.end();
    const run = (input: string) => command(world, ['run', '-', '--config', config, '--session', 's'], { input });
    expect(await run('found.n++; return found')).toMatchObject({ status: 0, stdout: expect.stringContaining('42') });
    expect((await run('return found.n')).stdout.trim()).toBe('42');
  });

  it('works with guests in processes of their own', async () => {
    const served = new Served(world, configWith({ isolation: 'process' }));
    await served.run(1, 'let n = 1; const up = () => ++n; return n', { session: 's' });
    expect((await served.run(2, 'up(); return up()', { session: 's' })).value).toBe(3);
    expect((await served.run(3, 'return n', { session: 's' })).value).toBe(3);
  });
});

describe.skipIf(withoutRedis)('sessions in Redis', () => {
  it('move to another process; with Redis away they are refused while other runs go on; then they are there again', async () => {
    const redis = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    try {
      const config = configWith({ state: redis.url });
      const [a, b] = [new Served(world, config), new Served(world, config)];
      await a.run(1, "const seen = ['a']; await context.set('k', 1); return 1", { session: 's' });
      expect(
        (await b.run(1, "seen.push('b'); return [seen, await context.increment('k')]", { session: 's' })).value,
      ).toEqual([['a', 'b'], 2]);
      await redis.stop();
      const refused = await a.run(2, 'return seen', { session: 's' });
      expect(refused.error.data).toMatchObject({ code: 'state.unavailable' });
      expect((await a.run(3, 'return 1')).value).toBe(1);
      const write = await a.run(4, "try { await context.set('k', 2) } catch (error) { return error.code }");
      expect(write.value).toBe('state.unavailable');
      expect((await a.ask(5, 'optimizer/context.set', { key: 'k', value: 1 })).error.data).toMatchObject({
        code: 'state.unavailable',
      });
      await redis.start();
      const again = async (): Promise<unknown> =>
        (await a.run(`again-${Math.random()}`, 'return seen', { session: 's' })).value;
      let value = await again();
      while (value === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        value = await again();
      }
      expect(value).toEqual(['a', 'b']);
      await Promise.all([a.end(), b.end()]);
    } finally {
      await redis.stop();
    }
  });
});
