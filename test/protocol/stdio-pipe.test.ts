import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { servePipe } from '../../src/protocol/stdio-pipe.ts';
import { createSurface } from '../../src/protocol/surface.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { FakeEngine } from './fake-engine.ts';
import { CODE_FACE, FakeUpstreams } from './fake-upstreams.ts';
import { type Message, Pipe, SERVER } from './pipe-harness.ts';

const execute = (id: string | number, code: string): object => ({ id, method: 'optimizer/execute', params: { code } });

/** The pipe still works: a request after the bad input is answered. */
async function stillServes(pipe: Pipe): Promise<void> {
  expect((await pipe.ask('alive', 'optimizer/health')).result).toEqual({ status: 'ok' });
  await pipe.end();
}

describe('bad input', () => {
  it.each([
    ['malformed JSON', '{"jsonrpc":', -32700, 'request.parse'],
    ['text that is not JSON', 'hello', -32700, 'request.parse'],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"optimizer/health"}]', -32600, 'request.invalid'],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"optimizer/health"}', -32600, 'request.invalid'],
    ['a number', '42', -32600, 'request.invalid'],
    ['an empty object', '{}', -32600, 'request.invalid'],
  ])('answers %s with id null and goes on', async (_name, line, rpc, code) => {
    const pipe = new Pipe();
    pipe.raw(`${line}\n`);
    const answer = await pipe.answer(null);
    expect([answer.jsonrpc, answer.error.code, answer.error.data.code]).toEqual(['2.0', rpc, code]);
    await stillServes(pipe);
  });

  it('answers bytes that are not UTF-8 with a parse error', async () => {
    const pipe = new Pipe();
    pipe.raw(Buffer.from([0x7b, 0xff, 0x7d, 0x0a]));
    expect((await pipe.answer(null)).error.code).toBe(-32700);
    await stillServes(pipe);
  });

  it('skips a line over lineBytes, answers it once, and reads the next', async () => {
    const pipe = new Pipe({ lineBytes: 1024 });
    for (let index = 0; index < 10; index++) pipe.raw('x'.repeat(1000));
    pipe.raw('\n');
    const answer = await pipe.answer(null);
    expect(answer.error).toEqual({
      code: -32600,
      message: 'A line is longer than 1024 bytes (lineBytes); it was skipped.',
      data: {
        code: 'request.line',
        kind: 'request',
        retryable: false,
        hint: 'Send less, or raise `limits.lineBytes`.',
        lineBytes: 1024,
      },
    });
    await stillServes(pipe);
    expect(pipe.messages).toHaveLength(2);
  });

  it('ignores blank lines', async () => {
    const pipe = new Pipe();
    pipe.raw('\n\r\n   \n');
    await stillServes(pipe);
    expect(pipe.messages).toHaveLength(1);
  });

  it('refuses a second request with an id in flight and still answers the first', async () => {
    const pipe = new Pipe();
    pipe.send(execute(5, 'wait'));
    pipe.send(execute(5, 'second'));
    const refusal = await pipe.answer(null);
    expect([refusal.error.code, refusal.error.data.id]).toEqual([-32600, 5]);
    pipe.send({ method: 'notifications/cancelled', params: { requestId: 5 } });
    expect((await pipe.answer(5)).error.data.code).toBe('request.cancelled');
    await stillServes(pipe);
  });

  it('takes an id again once it is answered, and tells 1 from "1"', async () => {
    const pipe = new Pipe();
    pipe.send(execute(1, 'wait'));
    expect((await pipe.ask('1', 'optimizer/execute', { code: 'a' })).result.value).toBe('a');
    pipe.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
    await pipe.answer(1);
    pipe.messages.length = 0;
    expect((await pipe.ask(1, 'optimizer/execute', { code: 'b' })).result.value).toBe('b');
    await pipe.end();
  });

  it('answers an unknown method with -32601 and the nearest name', async () => {
    const pipe = new Pipe();
    const { error } = await pipe.ask(1, 'optimizer/exeute');
    expect([error.code, error.message, error.data.nearest[0]]).toEqual([
      -32601,
      'There is no method optimizer/exeute. The nearest is optimizer/execute.',
      'optimizer/execute',
    ]);
    expect((await pipe.ask(2, 'optimizer/toString')).error.code).toBe(-32601);
    expect((await pipe.ask(3, 'no/such')).error.code).toBe(-32601);
    await pipe.end();
  });

  it('answers params that are no object with -32602', async () => {
    const pipe = new Pipe();
    pipe.send({ id: 1, method: 'optimizer/execute', params: ['code'] });
    expect((await pipe.answer(1)).error.code).toBe(-32602);
    pipe.send({ id: 2, method: 'tools/call', params: ['code'] });
    expect((await pipe.answer(2)).error.code).toBe(-32602);
    await pipe.end();
  });

  it('ignores a stray response, a stray cancellation and an optimizer request without an id', async () => {
    const engine = new FakeEngine();
    const pipe = new Pipe({ engine });
    pipe.send({ id: 9, result: {} });
    pipe.send({ method: 'notifications/cancelled', params: { requestId: 77 } });
    pipe.send({ method: 'notifications/cancelled', params: { requestId: {} } });
    pipe.send({ method: 'notifications/cancelled' });
    pipe.send({ method: 'optimizer/execute', params: { code: 'x' } });
    await stillServes(pipe);
    expect(engine.requests).toEqual([]);
    expect(pipe.messages).toHaveLength(1);
  });

  it('answers every line of a hostile stream and stays alive', async () => {
    const pipe = new Pipe();
    const lines = ['{"jsonrpc":"2.0","id":"__proto__","method":"__proto__"}', '"', '[[]]', '{"id":{}}', '{"method":1}'];
    for (const line of lines) pipe.raw(`${line}\n`);
    await stillServes(pipe);
    expect(pipe.messages).toHaveLength(lines.length + 1);
  });
});

describe('answers', () => {
  it('come as whole lines, each with its id, whatever order the runs end in', async () => {
    const pipe = new Pipe();
    pipe.send(execute('slow', 'wait'));
    for (let id = 0; id < 50; id++) pipe.send(execute(id, `code ${id}`));
    for (let id = 0; id < 50; id++) expect((await pipe.answer(id)).result.value).toBe(`code ${id}`);
    pipe.send({ method: 'notifications/cancelled', params: { requestId: 'slow' } });
    await pipe.answer('slow');
    await pipe.end();
  });

  it('hide what went wrong inside behind a correlation id', async () => {
    const pipe = new Pipe();
    const { error } = await pipe.ask(1, 'optimizer/execute', { code: 'throw' });
    expect(error.code).toBe(-32603);
    expect(JSON.stringify(error)).not.toContain('secret');
    expect((await pipe.ask(2, 'optimizer/execute', { code: 'circular' })).error.data.code).toBe('internal.error');
    await pipe.end();
  });

  it('give back the retry time of a full queue', async () => {
    const pipe = new Pipe();
    const { error } = await pipe.ask(1, 'optimizer/execute', { code: 'refuse' });
    expect([error.code, error.data.code, error.data.retryAfterMs]).toEqual([-32001, 'limit.queue', 50]);
    await pipe.end();
  });

  it('refuse a request over requestsInFlight at once', async () => {
    const pipe = new Pipe({ requestsInFlight: 2, shutdownGraceMs: 0 });
    pipe.send(execute(1, 'wait'));
    pipe.send(execute(2, 'wait'));
    const { error } = await pipe.ask(3, 'optimizer/execute', { code: 'x' });
    expect([error.data.code, error.data.retryAfterMs]).toEqual(['limit.queue', 100]);
    await pipe.end();
  });

  it('are all written to a reader that is slow, and input waits meanwhile', async () => {
    const input = new PassThrough();
    const held: Array<() => void> = [];
    let text = '';
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString('utf8');
        held.push(done);
      },
    });
    const done = servePipe(
      {
        engine: new FakeEngine(),
        log: silentLog,
        surface: createSurface(),
        server: SERVER,
        check: 'off',
        passThrough: async () => new FakeUpstreams().passThrough(),
        face: () => CODE_FACE,
        onClient: () => {},
        input,
        output,
      },
      { lineBytes: 32 * 1024 * 1024, shutdownGraceMs: 1_000, requestsInFlight: 100 },
    );
    const big = 'y'.repeat(5 * 1024 * 1024);
    for (const id of [1, 2]) input.write(`${JSON.stringify({ jsonrpc: '2.0', ...execute(id, big) })}\n`);
    while (output.writableLength < 2 * big.length) await new Promise((resolve) => setImmediate(resolve));
    const paused = once(input, 'pause');
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'optimizer/health' })}\n`);
    await paused;
    input.end();
    const timer = setInterval(() => held.shift()?.(), 1);
    await done;
    clearInterval(timer);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual([1, 2, 3]);
  });
});

describe('the end', () => {
  it('waits for requests in flight after the end of input', async () => {
    let release: () => void = () => {};
    class Held extends FakeEngine {
      override async stats() {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return { late: true };
      }
    }
    const pipe = new Pipe({ engine: new Held() });
    pipe.send({ id: 1, method: 'optimizer/stats' });
    await pipe.ask(2, 'optimizer/health');
    pipe.input.end();
    await once(pipe.input, 'end');
    release();
    await pipe.done;
    expect((await pipe.answer(1)).result).toEqual({ late: true });
  });

  it('answers a last line that has no line end', async () => {
    const pipe = new Pipe();
    pipe.raw('{"jsonrpc":"2.0","id":1,"method":"optimizer/health"}');
    await pipe.end();
    expect(pipe.messages).toEqual([{ jsonrpc: '2.0', id: 1, result: { status: 'ok' } }]);
  });

  it('aborts what is still running when the grace is over, and answers it', async () => {
    const pipe = new Pipe({ shutdownGraceMs: 10 });
    pipe.send(execute(1, 'wait'));
    await pipe.end();
    const { error } = await pipe.answer(1);
    expect([error.code, error.data.code]).toEqual([-32002, 'request.cancelled']);
    expect(error.data.calls[0].tool).toBe('linear.create');
  });

  it('aborts what is still running as soon as it is told to stop after the end of input', async () => {
    const pipe = new Pipe({ shutdownGraceMs: 600_000 });
    pipe.send(execute(1, 'wait'));
    pipe.input.end();
    await once(pipe.input, 'end');
    pipe.terminate();
    await pipe.done;
    expect((await pipe.answer(1)).error.data.code).toBe('request.cancelled');
  });

  it('answers even a run that does not hear its abort', async () => {
    const pipe = new Pipe({ shutdownGraceMs: 0 });
    pipe.send(execute(1, 'deaf'));
    await pipe.end();
    expect((await pipe.answer(1)).error.data.code).toBe('request.cancelled');
  });

  it('refuses new requests after SIGTERM, hears cancellations, and resolves though the input stays open', async () => {
    const pipe = new Pipe({ shutdownGraceMs: 60_000 });
    pipe.send(execute(1, 'wait'));
    await pipe.ask(2, 'optimizer/health');
    pipe.terminate();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await pipe.ask(3, 'optimizer/health')).error.data.code).toBe('request.shutdown');
    expect((await pipe.ask(4, 'tools/list')).error.data.code).toBe('request.shutdown');
    pipe.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
    await pipe.done;
    expect((await pipe.answer(1)).error.data.code).toBe('request.cancelled');
    expect(pipe.input.listenerCount('data')).toBe(0);
  });

  it('answers optimizer/shutdown and then ends', async () => {
    const pipe = new Pipe();
    expect((await pipe.ask(1, 'optimizer/shutdown')).result).toEqual({ stopping: true });
    await pipe.done;
  });

  it('ends quietly when the reader of stdout goes away, and aborts the runs', async () => {
    const engine = new FakeEngine();
    const pipe = new Pipe({ engine, shutdownGraceMs: 60_000 });
    pipe.send(execute(1, 'wait'));
    await pipe.ask(2, 'optimizer/health');
    pipe.output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await pipe.done;
    expect(engine.signals[0]?.aborted).toBe(true);
  });

  it('treats an error of stdin as its end', async () => {
    const pipe = new Pipe();
    pipe.input.destroy(new Error('read EIO'));
    await pipe.done;
    expect(pipe.messages).toEqual([]);
  });
});

describe('events', () => {
  const params = (message: Message): Message => message.params;

  it('reach a request that asked for them, with its id and the execution id, before the answer', async () => {
    const pipe = new Pipe();
    await pipe.ask('r1', 'optimizer/execute', { code: 'events', events: true });
    const events = pipe.messages.filter((message) => message.method === 'optimizer/event').map(params);
    expect(events).toHaveLength(5);
    expect(events[0]).toEqual({ requestId: 'r1', executionId: 'ex_1', type: 'state', state: 'running' });
    expect(events[1]).toEqual({ requestId: 'r1', executionId: 'ex_1', type: 'console', level: 'info', text: 'hello' });
    expect(pipe.messages.at(-1).id).toBe('r1');
    await pipe.end();
  });

  it('do not reach a request that did not ask', async () => {
    const pipe = new Pipe();
    await pipe.ask(1, 'optimizer/execute', { code: 'events' });
    expect(pipe.messages).toHaveLength(1);
    await pipe.end();
  });

  it('become progress with growing numbers for a request with a progress token', async () => {
    const pipe = new Pipe();
    await pipe.ask(1, 'optimizer/execute', { code: 'events', _meta: { progressToken: 'tok' } });
    const sent = pipe.messages.filter((message) => message.method === 'notifications/progress').map(params);
    expect(sent).toEqual([
      { progressToken: 'tok', progress: 1, message: 'running' },
      { progressToken: 'tok', progress: 2, message: 'call 1: alpha.get-sum' },
      { progressToken: 'tok', progress: 3, message: 'alpha.get-sum 1/2' },
      { progressToken: 'tok', progress: 4, message: 'call 1: alpha.get-sum ok' },
    ]);
    await pipe.end();
  });
});
