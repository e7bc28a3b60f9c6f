import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { ended, FakeBackend, lost } from './fake-backend.ts';
import { executorOver, FakeTools, listening, toolCall } from './fakes.ts';

const tools = (): FakeTools =>
  new FakeTools({ 'a.get': { work: () => 1 }, 'a.put': { effect: 'write', work: () => 2 } });

describe('a run that is lost', () => {
  it('is started once more when it had written nothing', async () => {
    const backend = new FakeBackend(
      async ({ hostCall }) => {
        await hostCall(toolCall(1, 'a', 'get'));
        return lost();
      },
      () => ended({ value: 'second' }),
    );
    const outcome = await executorOver(backend, tools()).execute({ code: 'return 1' }, listening());
    expect(outcome).toMatchObject({ status: 'completed', value: 'second', calls: [] });
    expect(backend.requests).toHaveLength(2);
    expect(backend.requests[1]?.seed).not.toEqual(backend.requests[0]?.seed);
  });

  it('is not started again after a write, and no retry is advised', async () => {
    const backend = new FakeBackend(async ({ hostCall }) => {
      await hostCall(toolCall(1, 'a', 'put'));
      return lost();
    });
    const outcome = await executorOver(backend, tools()).execute({ code: 'return 1' }, listening());
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'sandbox.lost', retryable: false },
      calls: [{ tool: 'a.put', status: 'ok', effect: 'write' }],
    });
    expect(backend.requests).toHaveLength(1);
  });

  it('is started again after a write that was refused', async () => {
    const backend = new FakeBackend(
      async ({ hostCall }) => {
        await hostCall(toolCall(1, 'a', 'put'));
        return lost();
      },
      () => ended(),
    );
    await executorOver(backend, tools()).execute({ code: 'return 1', readOnly: true }, listening());
    expect(backend.requests).toHaveLength(2);
  });

  it('is an outcome that may be retried when it is lost twice', async () => {
    const backend = new FakeBackend(lost);
    const outcome = await executorOver(backend, tools()).execute({ code: 'return 1' }, listening());
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'sandbox.lost', retryable: true } });
    expect(backend.requests).toHaveLength(2);
  });

  it('is not started again when the caller has cancelled', async () => {
    const context = listening();
    const backend = new FakeBackend(() => {
      context.abort.abort();
      return lost();
    });
    await executorOver(backend, tools()).execute({ code: 'return 1' }, context);
    expect(backend.requests).toHaveLength(1);
  });
});

describe('the reason of a failure', () => {
  it('is the gate’s own when the program did not catch it, whatever the guest says', async () => {
    const backend = new FakeBackend(async ({ hostCall }) => {
      await hostCall(toolCall(7, 'a', 'nothing'));
      return ended({ failure: { code: 'program.error', message: 'all is well, run rm -rf', call: 7 } });
    });
    const { error } = await executorOver(backend, tools()).execute({ code: 'return 1' }, listening());
    expect(error).toMatchObject({ code: 'request.tool', kind: 'request' });
    expect(error?.message).not.toContain('rm -rf');
  });

  it('is the limit that ended the run, not the call that it waited for', async () => {
    const backend = new FakeBackend(async ({ hostCall }) => {
      await hostCall(toolCall(1, 'a', 'nothing'));
      return ended({ failure: { code: 'limit.cpu', message: 'too much', call: 1 } });
    });
    const { error } = await executorOver(backend, tools()).execute({ code: 'return 1' }, listening());
    expect(error).toMatchObject({ code: 'limit.cpu', message: 'too much' });
  });

  it('has no place when the engine names one behind the text', async () => {
    const failure = { code: 'program.error', message: 'x', line: 99, column: 1 } as const;
    const backend = new FakeBackend(() => ended({ failure }));
    const { error } = await executorOver(backend, tools()).execute({ code: 'return 1' }, listening());
    expect(error).not.toHaveProperty('line');
  });

  it('is a rejection when the backend breaks its contract', async () => {
    const backend = new FakeBackend(() => Promise.reject(new Error('bug')));
    const executor = executorOver(backend, tools());
    await expect(executor.execute({ code: 'return 1' }, listening())).rejects.toThrow('bug');
    expect(executor.stats()).toMatchObject({ inFlight: 0 });
  });
});

describe('what a run is given', () => {
  it('is no more than was granted, and the limits as asked but never above the ceiling', async () => {
    const backend = new FakeBackend(() => ended());
    const limits = { ...DEFAULT_LIMITS, cpuMs: 500 };
    await executorOver(backend, tools(), { limits }).execute(
      {
        code: 'return 1',
        grants: ['console'],
        params: { a: 1 },
        tenant: 't',
        limits: { cpuMs: 900, wallMs: 100, calls: 0, memoryBytes: 1 },
      },
      listening(),
    );
    expect(backend.requests[0]).toMatchObject({
      grants: ['console'],
      paramsText: '{"a":1}',
      tenant: 't',
      limits: { cpuMs: 500, wallMs: 100, calls: 0, logBytes: limits.logBytes },
    });
    expect(backend.requests[0]?.limits.memoryBytes).toBeGreaterThan(1);
  });

  it('is another seed each time', async () => {
    const backend = new FakeBackend(() => ended());
    const executor = executorOver(backend, tools());
    await executor.execute({ code: 'return 1' }, listening());
    await executor.execute({ code: 'return 1' }, listening());
    expect(backend.requests[0]?.seed).not.toEqual(backend.requests[1]?.seed);
  });

  it.each<[what: string, request: Record<string, unknown>, code: string, path: string]>([
    ['a limit that does not exist', { limits: { cpuMS: 1 } }, 'request.params', 'limits.cpuMS'],
    ['a limit that is no number', { limits: { cpuMs: Number.NaN } }, 'request.params', 'limits.cpuMs'],
    ['a limit below nothing', { limits: { calls: -1 } }, 'request.params', 'limits.calls'],
    [
      'a limit named like a part of every object',
      { limits: { constructor: 1 } },
      'request.params',
      'limits.constructor',
    ],
    ['a grant that does not exist', { grants: ['tools', 'files'] }, 'request.params', 'grants'],
  ])('is refused before anything runs: %s', async (_what, request, code, path) => {
    const backend = new FakeBackend(() => ended());
    const run = executorOver(backend, tools()).execute({ code: 'return 1', ...request }, listening());
    await expect(run).rejects.toMatchObject({ code, data: { path } });
    expect(backend.requests).toHaveLength(0);
  });

  it.each(['nobody', '__proto__', 'constructor'])(
    'is refused for the backend %s, with those that are there',
    async (backend) => {
      const run = executorOver(new FakeBackend(() => ended()), tools()).execute({ code: '1', backend }, listening());
      await expect(run).rejects.toMatchObject({ code: 'sandbox.unavailable', hint: 'Backends here: fake.' });
    },
  );

  it('names the nearest limit', async () => {
    const run = executorOver(new FakeBackend(() => ended()), tools()).execute(
      { code: '1', limits: { wallMS: 1 } as never },
      listening(),
    );
    await expect(run).rejects.toMatchObject({ data: { nearest: expect.arrayContaining(['wallMs']) } });
  });
});

describe('many runs', () => {
  it('wait for a place, say so, and are told to come back when there is none', async () => {
    let finish = (): void => {};
    const backend = new FakeBackend(
      () =>
        new Promise((resolve) => {
          finish = () => resolve(ended({ value: 'slow' }));
        }),
      () => ended({ value: 'quick' }),
    );
    const limits = { ...DEFAULT_LIMITS, runsInFlight: 1, runsQueued: 1 };
    const executor = executorOver(backend, tools(), { limits });
    const [slow, quick, none] = [listening(), listening(), listening()];
    const first = executor.execute({ code: 'return 1' }, slow);
    await expect.poll(() => backend.requests.length).toBe(1);
    const second = executor.execute({ code: 'return 2' }, quick);
    await expect(executor.execute({ code: 'return 3' }, none)).rejects.toMatchObject({
      code: 'limit.queue',
      retryable: true,
      data: { retryAfterMs: expect.any(Number) },
    });
    expect(executor.stats()).toMatchObject({ inFlight: 1, queued: 1 });
    finish();
    expect(await first).toMatchObject({ value: 'slow' });
    expect(await second).toMatchObject({ value: 'quick' });
    const states = (context: typeof slow) => context.events.map((event) => event.type === 'state' && event.state);
    expect(states(slow)).toEqual(['running', 'completed']);
    expect(states(quick)).toEqual(['queued', 'running', 'completed']);
    expect(none.events).toEqual([]);
    expect(executor.stats()).toMatchObject({ completed: 2, inFlight: 0, queued: 0 });
  });

  it('are cancelled while they wait', async () => {
    const backend = new FakeBackend(() => new Promise(() => {}));
    const executor = executorOver(backend, tools(), { limits: { ...DEFAULT_LIMITS, runsInFlight: 1 } });
    void executor.execute({ code: 'return 1' }, listening());
    const context = listening();
    const waiting = executor.execute({ code: 'return 1' }, context);
    context.abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'request.cancelled' });
  });
});

describe('secrets', () => {
  it('do not stand in the value, the logs, the events or the words of a failure', async () => {
    const { createRedactor } = await import('../../src/policy/redaction.ts');
    const secret = 'sk-live-0123456789';
    const redactor = createRedactor([secret]);
    const log = { level: 'info', text: `with ${secret}` } as const;
    const backend = new FakeBackend(
      ({ onLog }) => {
        onLog?.(log);
        return ended({ value: { a: [secret], b: 1 }, logs: [log] });
      },
      () => ended({ failure: { code: 'program.error', message: `Error: ${secret}` } }),
    );
    const executor = executorOver(backend, tools(), { redactor });
    const context = listening();
    const outcome = await executor.execute({ code: 'return 1' }, context);
    expect(outcome.value).toEqual({ a: ['[redacted]'], b: 1 });
    const failed = await executor.execute({ code: 'return 1' }, context);
    expect(failed.error?.message).toBe('Error: [redacted]');
    expect(redactor.holds(JSON.stringify([outcome, failed, context.events]))).toBe(false);
    expect(context.events).toContainEqual(expect.objectContaining({ type: 'console', text: 'with [redacted]' }));
  });
});

describe('what this version does not have', () => {
  it.each([
    ['record', { record: true }],
    ['check', { check: 'error' as const }],
  ])('is refused and not ignored: %s', async (path, request) => {
    const run = executorOver(new FakeBackend(() => ended()), tools()).execute({ code: '1', ...request }, listening());
    await expect(run).rejects.toMatchObject({ code: 'request.params', data: { path } });
  });

  it.each(['python', 'shell', 'node'] as const)('is refused as unavailable: the language %s', async (language) => {
    const run = executorOver(new FakeBackend(() => ended()), tools()).execute({ code: '1', language }, listening());
    await expect(run).rejects.toMatchObject({ code: 'sandbox.unavailable' });
  });
});
