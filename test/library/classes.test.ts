/** What the pages do not show of the classes: restarts, outages, refusals, and that nothing is left behind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CodeExecutor } from '../../src/library/code-executor.ts';
import { ContextManager } from '../../src/library/context-manager.ts';
import { SecureSandbox } from '../../src/library/secure-sandbox.ts';
import { SessionManager } from '../../src/library/session-manager.ts';
import { silentLog as log } from '../../src/telemetry/log.ts';
import { RedisServer, withoutRedis } from '../fixtures/redis-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'optimizer-library-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('functions of the embedder', () => {
  it('are tools: checked, counted, refused when they write in a read-only run, and failing with their own words', async () => {
    const seen: unknown[] = [];
    const executor = new CodeExecutor({
      log,
      tools: {
        own: {
          fail: () => {
            throw new Error('no more lamps');
          },
          nothing: () => undefined,
          add: {
            inputSchema: { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] },
            readOnly: true,
            call: ({ a }: { a: number }) => {
              seen.push(a);
              return a + 1;
            },
          },
        },
      },
    });
    const failed = await executor.execute('return tools.own.fail({})');
    expect(failed.error).toMatchObject({
      code: 'upstream.toolError',
      message: expect.stringContaining('no more lamps'),
    });
    expect((await executor.execute('return tools.own.nothing()')).value).toBeNull();
    const misfit = await executor.execute('return tools.own.add({ a: "1" })');
    expect(misfit.calls).toMatchObject([{ status: 'denied' }]);
    expect(seen).toEqual([]);
    const refused = await executor.execute('await tools.own.add({ a: 1 }); return tools.own.fail()', {
      readOnly: true,
    });
    expect(refused).toMatchObject({
      error: { code: 'denied.readOnly' },
      calls: [{ status: 'ok' }, { status: 'denied' }],
    });
    expect(await executor.servers()).toMatchObject([{ name: 'own', tools: 3, state: 'ready' }]);
    await executor.close();
  });

  it('hear when nobody waits for them any more', async () => {
    let heard: (() => void) | undefined;
    const aborted = new Promise<void>((resolve) => (heard = resolve));
    const wait = (_args: unknown, { signal }: { signal: AbortSignal }): Promise<never> =>
      new Promise(() => signal.addEventListener('abort', () => heard?.()));
    const executor = new CodeExecutor({ log, tools: { own: { wait } } });
    const { error } = await executor.execute('return tools.own.wait()', { limits: { wallMs: 200 } });
    expect(error?.code).toBe('limit.time');
    await aborted;
    await executor.close();
  });

  it('may not have the name of a configured server', async () => {
    const config = { mcpServers: { own: { command: 'nowhere' } } };
    const executor = new CodeExecutor({ log, config, tools: { own: {} } });
    await expect(executor.start()).rejects.toMatchObject({ code: 'config.key' });
    await executor.close();
  });
});

describe('an executor', () => {
  it('says what is wrong with its config, as the command line does', async () => {
    const executor = new CodeExecutor({ log, config: { limitz: {}, pool: { min: -1 } } });
    const error = await executor.start().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'config.key', message: expect.stringContaining('2 problems') });
    expect(error.message).toContain('the nearest is `limits`');
  });

  it('cancels a run by its signal and tells its events', async () => {
    const executor = new CodeExecutor({ log });
    const abort = new AbortController();
    const events: string[] = [];
    const { error } = await executor.execute('console.log(1); await new Promise(() => setTimeout(() => {}, 60_000))', {
      signal: abort.signal,
      onEvent: (event) => {
        events.push(event.type === 'state' ? event.state : event.type);
        if (event.type === 'console') abort.abort();
      },
    });
    expect(error?.code).toBe('request.cancelled');
    expect(events).toEqual(['running', 'console', 'failed']);
    await executor.close();
  });

  it('closes twice, refuses what comes later, and closes what has never been used', async () => {
    const executor = new CodeExecutor({ log });
    await executor.execute('return 1');
    await executor.close();
    await executor.close();
    await expect(executor.execute('return 1')).rejects.toMatchObject({ code: 'request.shutdown' });
    await new CodeExecutor({ log }).close();
  });
});

describe('a sandbox', () => {
  it('of an unknown backend refuses to run, and of a container takes no isolation', async () => {
    await expect(new SecureSandbox({ backend: 'moon', log }).run('return 1')).rejects.toMatchObject({
      code: expect.stringMatching(/^(config\.|sandbox\.unavailable)/),
    });
    expect(() => new SecureSandbox({ backend: 'docker', isolation: 'thread' })).toThrow(/isolation/);
  });

  it('keeps as many warm guests as it was told', async () => {
    const sandbox = new SecureSandbox({ poolSize: 3, poolWarmup: true, poolCleanupIntervalMs: 60_000, log });
    await sandbox.run('return 1');
    await expect.poll(async () => await sandbox.stats()).toMatchObject({ guests: { warm: 3 } });
    await sandbox.close();
  });
});

describe('sessions', () => {
  it('outlive their manager where state is kept, belong to a tenant, and end with their time', async () => {
    const state = join(folder, 'sessions.sqlite');
    const first = new SessionManager({ state, log, ttlMs: 60_000 });
    const { name } = await first.create({ tenant: 'a', name: 'job', context: { x: 1 } });
    await expect(first.create({ tenant: 'a', name: 'job' })).rejects.toMatchObject({ code: 'state.conflict' });
    await (await first.get(name, { tenant: 'a' }))?.execute('let n = 5');
    await first.close();
    const second = new SessionManager({ state, log, ttlMs: 1_000 });
    expect(await second.get(name)).toBeUndefined();
    const session = await second.get(name, { tenant: 'a' });
    expect((await session?.execute('return n'))?.value).toBe(5);
    expect(await session?.get('x')).toBe(1);
    const facts = await session?.facts();
    expect(Date.parse(facts?.expiresAt ?? '') - Date.parse(facts?.lastUsedAt ?? '')).toBe(1_000);
    await expect.poll(() => second.get(name, { tenant: 'a' }), { timeout: 5_000 }).toBeUndefined();
    await second.close();
  });
});

describe('a context manager', () => {
  it('keeps values on disk, hides what has expired, and sees at once what another has written', async () => {
    const options = { backend: 'multi-level', l1SizeMb: 1, l3DiskPath: join(folder, 'context'), log } as const;
    const one = new ContextManager(options);
    const two = new ContextManager(options);
    await one.set('k', 1);
    expect([await one.get('k'), await two.get('k'), await two.get('k')]).toEqual([1, 1, 1]);
    await two.set('k', 2);
    expect(await one.get('k')).toBe(2);
    await one.set('short', true, { ttlMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await one.get('short')).toBeUndefined();
    await one.set('gone', 1);
    expect(await one.get('gone')).toBe(1);
    expect([await two.delete('gone'), await one.get('gone')]).toEqual([true, undefined]);
    expect((await one.list()).map(({ key }) => key)).toEqual(['k']);
    expect((await one.stats()).hitRate).toBeGreaterThanOrEqual(0);
    await one.close();
    await two.close();
    await expect(one.get('k')).rejects.toMatchObject({ code: 'state.unavailable' });
  });

  it('answers from L1 and from L3', async () => {
    const options = { l3DiskPath: join(folder, 'tiers'), log } as const;
    const one = new ContextManager(options);
    await one.set('k', 'v');
    for (let read = 0; read < 3; read++) await one.get('k');
    expect(await one.stats()).toMatchObject({ l1: { hits: 2, misses: 1 } });
    await one.close();
    const again = new ContextManager({ ...options, l1SizeMb: 0 });
    for (let read = 0; read < 2; read++) expect(await again.get('k')).toBe('v');
    expect((await again.stats()).l3.hits).toBeGreaterThan(0);
    await again.close();
  });

  it('does not hand out what it keeps', async () => {
    const context = new ContextManager({ log });
    await context.set('k', { list: [1] });
    const first = (await context.get('k')) as { list: number[] };
    first.list.push(2);
    expect(await context.get('k')).toEqual({ list: [1] });
    await context.close();
  });

  it('refuses what is over its limits, and options that do not go together', async () => {
    const context = new ContextManager({ backend: 'memory', contextKeys: 1, log });
    await context.set('a', 1);
    await expect(context.set('b', 1)).rejects.toMatchObject({ code: 'limit.context' });
    expect(await context.clear()).toBe(1);
    await context.close();
    for (const options of [
      { backend: 'redis' },
      { backend: 'disk' },
      { backend: 'memory', l2RedisUrl: 'redis://x' },
      { l1SizeMb: -1 },
    ]) {
      expect(() => new ContextManager(options as never)).toThrow(/backend|l1SizeMb|l2RedisUrl|l3DiskPath/);
    }
  });

  it.skipIf(withoutRedis)('goes on reading what it has seen while Redis is away, and refuses to write', async () => {
    const redis = await RedisServer.start();
    const context = new ContextManager({ l2RedisUrl: redis.url, l3DiskPath: join(folder, 'away'), log });
    await context.set('k', 1);
    expect(await context.get('k')).toBe(1);
    await redis[Symbol.asyncDispose]();
    await expect(context.set('k', 2)).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(await context.get('k')).toBe(1);
    await expect(context.get('never seen')).rejects.toMatchObject({ code: 'state.unavailable' });
    await context.close();
  });
});
