/** `optimizer/context.*` and `optimizer/sessions.*` over the method table, with the real values behind them. */
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { Methods } from '../../src/protocol/methods.ts';
import { FakeEngine } from './fake-engine.ts';

function open() {
  const methods = new Methods(new FakeEngine(), () => undefined);
  let id = 0;
  return (method: string, params: JsonObject = {}): Promise<Json> =>
    methods.call(
      { jsonrpc: '2.0', id: ++id, method: `optimizer/${method}`, params },
      { signal: new AbortController().signal, notify: () => undefined },
    );
}

describe('optimizer/context.*', () => {
  it('sets, gets, lists, deletes and clears, with versions', async () => {
    const ask = open();
    expect(await ask('context.get', { key: 'a' })).toBeNull();
    expect(await ask('context.set', { key: 'a', value: { n: 1 } })).toEqual({ version: 1 });
    expect(await ask('context.set', { key: 'a', value: [2], ifVersion: 1 })).toEqual({ version: 2 });
    expect(await ask('context.set', { key: 'b', value: null, ifVersion: 0 })).toEqual({ version: 1 });
    expect(await ask('context.get', { key: 'a' })).toEqual({ value: [2], version: 2 });
    expect(await ask('context.list')).toEqual({
      keys: [
        { key: 'a', bytes: 4, version: 2 },
        { key: 'b', bytes: 5, version: 1 },
      ],
    });
    expect(await ask('context.list', { prefix: 'b' })).toMatchObject({ keys: [{ key: 'b' }] });
    expect(await ask('context.delete', { key: 'b' })).toEqual({ deleted: true });
    expect(await ask('context.delete', { key: 'b' })).toEqual({ deleted: false });
    expect(await ask('context.clear')).toEqual({ deleted: 1 });
    expect(await ask('context.list')).toEqual({ keys: [] });
  });

  it('is another one for each tenant and each session', async () => {
    const ask = open();
    const owners = [{}, { tenant: 't' }, { session: 's' }, { tenant: 't', session: 's' }];
    for (const [value, owner] of owners.entries()) await ask('context.set', { key: 'k', value, ...owner });
    for (const [value, owner] of owners.entries()) {
      expect(await ask('context.get', { key: 'k', ...owner })).toMatchObject({ value, version: 1 });
    }
  });

  it('says when a value is over, which in a session is always some time', async () => {
    const ask = open();
    await ask('context.set', { key: 'k', value: 1, ttlMs: 5_000 });
    const { expiresAt } = (await ask('context.get', { key: 'k' })) as { expiresAt: string };
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    expect(new Date(expiresAt).toISOString()).toBe(expiresAt);
    await ask('context.set', { key: 'k', value: 1, session: 's' });
    expect(await ask('context.get', { key: 'k', session: 's' })).toHaveProperty('expiresAt');
    await ask('context.set', { key: 'k', value: 1 });
    expect(await ask('context.get', { key: 'k' })).not.toHaveProperty('expiresAt');
  });

  it('tells a lost race as state.conflict, with the version that is there', async () => {
    const ask = open();
    await ask('context.set', { key: 'k', value: 1 });
    const late = ask('context.set', { key: 'k', value: 2, ifVersion: 0 });
    await expect(late).rejects.toMatchObject({ code: 'state.conflict', data: { key: 'k', version: 1 } });
    const gone = ask('context.set', { key: 'new', value: 2, ifVersion: 3 });
    await expect(gone).rejects.toMatchObject({ code: 'state.conflict', data: { version: 0 } });
  });

  it('refuses what does not fit with limit.context', async () => {
    const ask = open();
    await expect(ask('context.set', { key: 'k', value: 'x'.repeat(1_100_000) })).rejects.toMatchObject({
      code: 'limit.context',
      data: { key: 'k', bytes: 0, entries: 0 },
    });
  });

  it('refuses parameters that make no sense, with the path', async () => {
    const ask = open();
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as Json;
    await expect(ask('context.set', { key: 'k' })).rejects.toMatchObject({ data: { path: 'params.value' } });
    await expect(ask('context.set', { key: '', value: 1 })).rejects.toMatchObject({ data: { path: 'params.key' } });
    await expect(ask('context.set', { key: 'k', value: 1, ttl: 5 })).rejects.toMatchObject({ code: 'request.params' });
    await expect(ask('context.set', { key: 'k', value: deep })).rejects.toMatchObject({ code: 'limit.argument' });
  });
});

describe('optimizer/sessions.*', () => {
  it('lists none, and says so of one that is not there', async () => {
    const ask = open();
    expect(await ask('sessions.list')).toEqual({ sessions: [] });
    await expect(ask('sessions.get', { session: 's' })).rejects.toMatchObject({ code: 'state.missing' });
    expect(await ask('sessions.delete', { session: 's' })).toEqual({ deleted: false });
  });

  it('deletes the context of a session with it, and that of nobody else', async () => {
    const ask = open();
    await ask('context.set', { key: 'k', value: 1, session: 's' });
    await ask('context.set', { key: 'k', value: 2 });
    expect(await ask('sessions.delete', { session: 's' })).toEqual({ deleted: true });
    expect(await ask('context.get', { key: 'k', session: 's' })).toBeNull();
    expect(await ask('context.get', { key: 'k' })).toMatchObject({ value: 2 });
  });
});
