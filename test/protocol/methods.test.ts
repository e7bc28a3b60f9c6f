import { describe, expect, it } from 'vitest';
import { FakeEngine } from './fake-engine.ts';
import { Pipe } from './pipe-harness.ts';

describe('optimizer/*', () => {
  it('needs no handshake and never loads MCP', async () => {
    const pipe = new Pipe();
    expect((await pipe.ask(1, 'optimizer/servers')).result.servers[1]).toEqual({
      name: 'beta',
      tools: 0,
      state: 'failed',
      error: 'not found',
    });
    await pipe.end();
  });

  it('hands the request to the engine without what belongs to the protocol', async () => {
    const engine = new FakeEngine();
    const pipe = new Pipe({ engine });
    const given = { code: 'x', tenant: 't', session: 's', readOnly: true, limits: { wallMs: 50 }, params: { a: 1 } };
    await pipe.ask(1, 'optimizer/execute', { ...given, events: false, _meta: { progressToken: 1 } });
    expect(engine.requests).toEqual([given]);
    await pipe.end();
  });

  it('answers a failing program with its outcome, not with an error', async () => {
    const pipe = new Pipe();
    const { result, error } = await pipe.ask(1, 'optimizer/execute', { code: 'fail' });
    expect(error).toBeUndefined();
    expect([result.status, result.error.code, result.error.line]).toEqual(['failed', 'program.error', 2]);
    await pipe.end();
  });

  it('searches with and without a limit', async () => {
    const engine = new FakeEngine();
    const pipe = new Pipe({ engine });
    const { result } = await pipe.ask(1, 'optimizer/search', { query: 'sum', limit: 3 });
    expect([result.total, result.matches[0].tool, result.missing]).toEqual([7, 'get-sum', ['beta']]);
    await pipe.ask(2, 'optimizer/search', { query: '' });
    expect(engine.searches).toEqual([
      { query: 'sum', limit: 3 },
      { query: '', limit: undefined },
    ]);
    await pipe.end();
  });

  it('describes a tool and passes on that a server is unknown', async () => {
    const pipe = new Pipe();
    expect((await pipe.ask(1, 'optimizer/describe', { server: 'alpha', tool: 'get-sum' })).result.pinned).toBe(true);
    const { error } = await pipe.ask(2, 'optimizer/describe', { server: 'gamma', tool: 'x' });
    expect([error.code, error.data.code]).toEqual([-32602, 'request.server']);
    await pipe.end();
  });

  it('answers health and stats, also with a tenant', async () => {
    const pipe = new Pipe();
    expect((await pipe.ask(1, 'optimizer/health', { tenant: 't' })).result).toEqual({ status: 'ok' });
    expect((await pipe.ask(2, 'optimizer/stats')).result).toEqual({ runs: 0 });
    await pipe.end();
  });

  it.each([
    ['optimizer/execute', { cod: 'x' }, 'params.cod'],
    ['optimizer/execute', { code: 1 }, 'params.code'],
    ['optimizer/search', { query: 'x', limit: 0 }, 'params.limit'],
    ['optimizer/search', {}, 'params.query'],
    ['optimizer/describe', { server: 'alpha' }, 'params.tool'],
    ['optimizer/health', { verbose: true }, 'params.verbose'],
    ['optimizer/stats', { tenant: 5 }, 'params.tenant'],
  ])('%s refuses %j with -32602 and the path', async (method, params, path) => {
    const engine = new FakeEngine();
    const pipe = new Pipe({ engine });
    const { error } = await pipe.ask(1, method, params);
    expect([error.code, error.data.code, error.data.path]).toEqual([-32602, 'request.params', path]);
    expect(engine.requests).toEqual([]);
    await pipe.end();
  });

  it('answers a cancelled run with request.cancelled and what took effect', async () => {
    const engine = new FakeEngine();
    const pipe = new Pipe({ engine });
    pipe.send({ id: 'run', method: 'optimizer/execute', params: { code: 'wait' } });
    pipe.send({ method: 'notifications/cancelled', params: { requestId: 'run', reason: 'no more' } });
    const { error } = await pipe.answer('run');
    expect([error.code, error.data.code, error.data.executionId]).toEqual([-32002, 'request.cancelled', 'ex_1']);
    expect(error.data.calls).toHaveLength(1);
    expect(engine.signals[0]?.aborted).toBe(true);
    await pipe.end();
  });
});
