import { describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';
import { DirectCalls } from '../../src/engine/direct-calls.ts';
import type { CallOptions } from '../../src/engine/ports.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { FakeClock, FakeTools } from './fakes.ts';

const RAW = {
  content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }],
  _meta: { a: 1 },
  more: { kept: true },
};
const options: CallOptions[] = [];
const tools = new FakeTools({
  'a.get': {
    required: ['path'],
    work: (_args, given) => {
      options.push(given);
      return { ok: true, value: RAW, raw: RAW };
    },
  },
  'a.put': { effect: 'write', work: () => ({ ok: true, value: null, raw: { content: [] } }) },
  'a.fail': {
    work: () => ({ ok: false, message: '', raw: { isError: true, content: [{ type: 'text', text: 'sesame-7' }] } }),
  },
  'a.progress': {
    work: (_args, { onProgress }) => {
      onProgress({ progress: 1, total: 2, message: 'with sesame-7' });
      return { ok: true, value: null, raw: {} };
    },
  },
  'a.refuse': {
    work: () => {
      const cause = Object.assign(new Error('words of the server: sesame-7'), { data: { own: true } });
      throw new OptimizerError('upstream.toolError', 'words…', { data: { rpcCode: -32050 }, cause });
    },
  },
  'a.never': {
    work: (_args, { signal }) =>
      new Promise<Json>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new OptimizerError('request.cancelled', 'cancelled')));
      }),
  },
});

function callsWith(limits: Partial<typeof DEFAULT_LIMITS> = {}): DirectCalls {
  return new DirectCalls({
    tools,
    caller: tools,
    limits: { ...DEFAULT_LIMITS, ...limits },
    redactor: createRedactor(['sesame-7']),
    clock: new FakeClock(),
    log: silentLog,
  });
}

const calls = callsWith();
const context = () => ({ signal: new AbortController().signal });
const ask = (tool: string, more: object = {}) => ({ server: 'a', tool, arguments: {}, ...more });

describe('a direct call', () => {
  it('answers the result as it came, and leaves its arguments to the server', async () => {
    expect(await calls.call(ask('get', { arguments: { other: 1 }, meta: { trace: 'x' } }), context())).toEqual(RAW);
    expect(options.at(-1)?.verbatim).toEqual({ meta: { trace: 'x' } });
  });

  it('answers a failed result as a result, without secrets', async () => {
    const result = await calls.call(ask('fail'), context());
    expect(result).toEqual({ isError: true, content: [{ type: 'text', text: '[redacted]' }] });
  });

  it('tells the progress of the server, without secrets', async () => {
    const heard: unknown[] = [];
    await calls.call(ask('progress'), { ...context(), onProgress: (progress) => heard.push(progress) });
    expect(heard).toEqual([{ progress: 1, total: 2, message: 'with [redacted]' }]);
  });

  it('rejects with the error of the server, whole but for secrets', async () => {
    await expect(calls.call(ask('refuse'), context())).rejects.toMatchObject({
      code: -32050,
      message: 'words of the server: [redacted]',
      data: { own: true },
    });
  });

  it('is refused by the gate: an unknown tool, a write in a face that only reads, arguments that are too long', async () => {
    await expect(calls.call(ask('gte'), context())).rejects.toMatchObject({ code: 'request.tool' });
    const refused = calls.call(ask('put', { readOnly: true }), context());
    await expect(refused).rejects.toMatchObject({ code: 'denied.readOnly' });
    expect(await calls.call(ask('put'), context())).toEqual({ content: [] });
    const long = callsWith({ argumentBytes: 20 }).call(ask('get', { arguments: { path: 'y'.repeat(20) } }), context());
    await expect(long).rejects.toMatchObject({ code: 'limit.argument' });
  });

  it('waits for a place, and is refused when too many wait', async () => {
    const few = callsWith({ runsInFlight: 1, runsQueued: 0 });
    const stop = new AbortController();
    const first = few.call(ask('never'), { signal: stop.signal });
    await expect(few.call(ask('get'), context())).rejects.toMatchObject({ code: 'limit.queue' });
    stop.abort();
    await expect(first).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(few.stats()).toMatchObject({ completed: 0, failed: 1, inFlight: 0 });
  });

  it('of a caller that has gone already is not made', async () => {
    const before = tools.calls.length;
    await expect(calls.call(ask('get'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'request.cancelled',
    });
    expect(tools.calls.length).toBe(before);
  });
});
