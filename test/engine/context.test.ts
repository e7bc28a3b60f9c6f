/** `context` in programs: the real sandbox over a real store. */
import { afterAll, describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/policy/redaction.ts';
import { ContextValues } from '../../src/state/context.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { FakeBackend, lost } from './fake-backend.ts';
import { executorOver, FakeTools, listening } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
afterAll(() => backend.close());

const systemClock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

function house(secrets: string[] = []) {
  const store = new MemoryStore(systemClock);
  const context = new ContextValues(store, 60_000);
  const executor = executorOver(backend, new FakeTools({}), { store, context, redactor: createRedactor(secrets) });
  const run = (code: string, more: object = {}) => executor.execute({ code, ...more }, listening());
  return { store, context, run };
}

describe('context in a program', () => {
  it('keeps JSON values for later programs of the tenant, with their versions', async () => {
    const { run } = house();
    expect((await run("return await context.set('plan', { steps: [1, 2] })")).value).toEqual({ version: 1 });
    expect((await run("return await context.get('plan')")).value).toEqual({ steps: [1, 2] });
    expect((await run("await context.set('plan', null); return await context.entry('plan')")).value).toEqual({
      value: null,
      version: 2,
    });
    expect((await run("return [await context.get('none'), await context.entry('none')]")).value).toEqual([null, null]);
  });

  it('is another one for another tenant', async () => {
    const { run } = house();
    await run("await context.set('k', 1)", { tenant: 'a' });
    expect((await run('return (await context.list()).length', { tenant: 'b' })).value).toBe(0);
    expect((await run("return await context.get('k')", { tenant: 'a' })).value).toBe(1);
  });

  it('lists keys by their beginning, and deletes', async () => {
    const { run } = house();
    const code = `for (const key of ['b:1', 'a:2', 'a:1']) await context.set(key, key);
      const some = await context.list('a:');
      const gone = [await context.delete('a:1'), await context.delete('a:1')];
      return [some, gone, (await context.list()).map((entry) => entry.key)]`;
    expect((await run(code)).value).toEqual([
      [
        { key: 'a:1', bytes: 8, version: 1 },
        { key: 'a:2', bytes: 8, version: 1 },
      ],
      [true, false],
      ['a:2', 'b:1'],
    ]);
  });

  it('counts up without a lost step, however many programs do so at once', async () => {
    const { run } = house();
    const code = "for (let n = 0; n < 20; n++) await context.increment('hits'); return await context.get('hits')";
    await Promise.all(Array.from({ length: 5 }, () => run(code)));
    expect((await run("return [await context.increment('hits', -0.5), await context.get('hits')]")).value).toEqual([
      99.5, 99.5,
    ]);
  });

  it('refuses a write that expected another version, and says which one is there', async () => {
    const { run } = house();
    const code = `await context.set('k', 'first', { ifVersion: 0 });
      const told = [];
      for (const ifVersion of [0, 7]) {
        try { await context.set('k', 'second', { ifVersion }) } catch (e) { told.push([e.code, e.data.version, e.message]) }
      }
      await context.set('k', 'third', { ifVersion: 1 });
      return [told, await context.entry('k')]`;
    const { value } = await run(code);
    expect(value).toEqual([
      [
        ['state.conflict', 1, 'context: `k` was to have version 0, and it has version 1; nothing was written'],
        ['state.conflict', 1, 'context: `k` was to have version 7, and it has version 1; nothing was written'],
      ],
      { value: 'third', version: 2 },
    ]);
  });

  it('refuses what does not fit and drops nothing for it', async () => {
    const { run } = house();
    const limits = { contextBytes: 100, contextKeys: 2 };
    const outcome = await run("await context.set('a', 1); await context.set('b', 'x'.repeat(200))", { limits });
    expect(outcome.error).toMatchObject({ code: 'limit.context', kind: 'limit', data: { key: 'b', entries: 1 } });
    expect(outcome.error?.message).toContain('contextBytes = 100 bytes');
    await run("await context.set('b', 2)", { limits });
    expect((await run("await context.set('c', 3)", { limits })).error?.message).toContain('contextKeys = 2');
    expect((await run('return (await context.list()).map((e) => e.key)')).value).toEqual(['a', 'b']);
  });

  it('forgets a value when its time is over, and says when that is', async () => {
    const { run } = house();
    const code = `await context.set('k', 1, { ttlMs: 30 });
      const { expiresAt } = await context.entry('k');
      await new Promise((resolve) => setTimeout(resolve, 60));
      return [Date.parse(expiresAt) <= Date.now(), await context.get('k'), (await context.list()).length]`;
    expect((await run(code)).value).toEqual([true, null, 0]);
  });

  it('never stores a secret', async () => {
    const { run, store } = house(['sk-12345678']);
    await run("await context.set('a sk-12345678', { token: params.token, list: ['Bearer ' + params.token] })", {
      params: { token: 'sk-12345678' },
    });
    const [key] = await store.list('context ["default"]');
    expect(key).toBe('a [redacted]');
    expect((await store.get('context ["default"]', key as string))?.text).toBe(
      '{"token":"[redacted]","list":["Bearer [redacted]"]}',
    );
  });

  it('is not there for a run that was not granted it', async () => {
    const { run } = house();
    const outcome = await run('return typeof context', { grants: ['tools'] });
    expect(outcome.value).toBe('undefined');
  });

  it('refuses keys, numbers and values that make no sense, with the reason', async () => {
    const { run } = house();
    const code = `const told = [];
      for (const call of [
        () => context.set('', 1), () => context.set('k'.repeat(201), 1), () => context.set('k', 1, { ttlMs: 0 }),
        () => context.set('k', undefined), () => context.set('k', new Map()), () => context.set('k', () => 1),
        () => context.increment('text'), () => context.get(5),
      ]) {
        await context.set('text', 'no number');
        try { await call(); told.push('done') } catch (e) { told.push(e.message.slice(0, 48)) }
      }
      return told`;
    expect((await run(code)).value).toEqual([
      'key: expected 1 to 200 characters, got 0',
      'key: expected 1 to 200 characters, got 201',
      'ttlMs: expected 1 to 3153600000000 ms, got 0',
      'context.set: undefined has no JSON form',
      'context.set: a Map; return [...map] or Object.fr',
      'context.set: a function has no JSON form',
      'The entry `text` holds no JSON number, so nothin',
      'context.get: key: expected string, received 5',
    ]);
  });

  it('may be asked as often as tools may be called, and not more', async () => {
    const { run } = house();
    const outcome = await run("for (;;) await context.get('k')", { limits: { calls: 5 } });
    expect(outcome.error).toMatchObject({ code: 'limit.calls' });
  });

  it('counts as a write: a run that was lost after it is not started again by itself', async () => {
    const increment = { interfaceName: 'context', functionName: 'increment', argumentsText: '["n",1,null]' };
    const read = { interfaceName: 'context', functionName: 'get', argumentsText: '["n"]' };
    for (const [call, starts] of [
      [increment, 1],
      [read, 2],
    ] as const) {
      const fake = new FakeBackend(async (request) => {
        expect(await request.hostCall({ call: 1, ...call })).toMatchObject({ ok: true });
        return lost();
      });
      const outcome = await executorOver(fake, new FakeTools({})).execute({ code: 'return 1' }, listening());
      expect(outcome.error).toMatchObject({ code: 'sandbox.lost', retryable: starts === 2 });
      expect(fake.requests).toHaveLength(starts);
    }
  });
});
