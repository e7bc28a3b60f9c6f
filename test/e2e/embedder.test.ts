/** An embedder's pipe: raw JSON lines, no handshake, every `optimizer/*` method, events, progress and cancellation. */
import { afterAll, describe, expect, it } from 'vitest';
import { Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
const config = world.config('embedder', {
  plain: world.fixture('plain', [], { effects: { echo: 'read', cancelled: 'read' } }),
  broken: { command: '/no/such/server', args: [] },
});
const served = new Served(world, config);
const CALLS_THREE = 'for (let n = 0; n < 3; n += 1) await tools.plain.echo({ n })';

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

describe('optimizer/execute', () => {
  it('answers with the whole outcome, without a handshake', async () => {
    const outcome = await served.run(
      1,
      'console.warn("careful"); const { n } = await tools.plain.echo({ n: params.n }); return { twice: n * 2 }',
      { params: { n: 21 } },
    );
    expect(outcome).toMatchObject({
      status: 'completed',
      value: { twice: 42 },
      logs: [{ level: 'warn', text: 'careful' }],
      logsDropped: 0,
      calls: [{ seq: 1, tool: 'plain.echo', status: 'ok', effect: 'read' }],
      usage: { hostCalls: 1 },
    });
    expect(outcome.executionId).toMatch(/^ex_[0-9a-f]{32}$/);
    expect(outcome.tokens.withoutOptimizer).toBeGreaterThan(0);
    expect(outcome.usage.wallMs).toBeGreaterThan(0);
  });

  it('takes types, an arrow function, and statements that end in an expression', async () => {
    expect(await served.run(2, 'const sum = (a: number, b: number): number => a + b;\nsum(1, 2)')).toMatchObject({
      value: 3,
    });
    expect(await served.run(3, 'async () => (await tools.plain.echo({ a: 1 })).a')).toMatchObject({ value: 1 });
    expect(await served.run(4, 'export default function () { return "x" }')).toMatchObject({ value: 'x' });
  });

  it('keeps what one run leaves behind from the next', async () => {
    await served.run(5, 'globalThis.left = 1; Array.prototype.map = null; return 1');
    expect(await served.run(6, 'return [typeof left, [1].map((n) => n + 1)]')).toMatchObject({
      value: ['undefined', [2]],
    });
  });

  it('never draws the same random numbers twice', async () => {
    const draw = 'return [Math.random(), crypto.randomUUID()]';
    const [one, two] = [await served.run(7, draw), await served.run(8, draw)];
    expect(one.value[0]).not.toBe(two.value[0]);
    expect(one.value[1]).not.toBe(two.value[1]);
  });

  it('gives a thrown error its line and column in the text that was sent', async () => {
    const { status, error } = await served.run(
      9,
      'const a = 1;\nconst b: { c?: { d: number } } = {};\nreturn b.c.d + a;',
    );
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code: 'program.error', kind: 'program', line: 3, retryable: false });
    expect(error.column).toBeGreaterThan(0);
    expect(error.message).toContain('undefined');
  });

  it('gives a program that does not parse its position, and nothing ran', async () => {
    const { status, error, calls } = await served.run(10, 'await tools.plain.echo({});\nreturn (1 +;');
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code: 'program.syntax', line: 2, column: 12 });
    expect(error.message).toContain('nothing ran');
    expect(calls).toEqual([]);
  });

  it.each([
    ['a value that is not JSON', 'return () => 1', {}, 'program.result'],
    ['a program that waits for nothing', 'await new Promise(() => {}); return 1', {}, 'program.stalled'],
    ['a program that does not end', 'for (;;);', { limits: { cpuMs: 200 } }, 'limit.cpu'],
    [
      'a program that takes all memory',
      'const all = []; for (;;) all.push(new Array(1e5).fill(1))',
      {},
      'limit.memory',
    ],
    ['a program that recurses for ever', 'const f = () => f() + 1; return f()', {}, 'limit.stack'],
    ['a program that calls too often', CALLS_THREE, { limits: { calls: 2 } }, 'limit.calls'],
    ['a program over its wall time', 'return tools.plain.never()', { limits: { wallMs: 200 } }, 'limit.time'],
    ['a tool that says it failed', 'return tools.plain.fails({ id: 7 })', {}, 'upstream.toolError'],
    ['a write in a read-only run', 'return tools.plain.pid()', { readOnly: true }, 'denied.readOnly'],
  ])('ends %s with its own error and a hint, and goes on', async (title, code, more, expected) => {
    const { status, error } = await served.run(title, code, more);
    expect([status, error.code]).toEqual(['failed', expected]);
    expect(error.hint.length).toBeGreaterThan(10);
    expect(await served.run(`after ${title}`, 'return "still here"')).toMatchObject({ value: 'still here' });
  });

  it('cuts a large value, and gives all of it to the next program by its handle', async () => {
    const outcome = await served.run('large', 'return Array.from({ length: 60000 }, (_, n) => "row " + n)');
    expect(outcome.truncated.bytes).toBeGreaterThan(262_144);
    expect(outcome.value.length).toBeLessThan(60_000);
    const { handle } = outcome.truncated;
    const whole = await served.run(
      'whole',
      `const all = await load(${JSON.stringify(handle)}); return [all.length, all.at(-1)]`,
    );
    expect(whole.value).toEqual([60_000, 'row 59999']);
  });

  it('answers what is asked at the same time, each with its own answer', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => `many ${n}`);
    for (const id of ids) {
      served.send({
        id,
        method: 'optimizer/execute',
        params: { code: 'return (await tools.plain.echo({ id: params.id })).id', params: { id } },
      });
    }
    const answers = await Promise.all(ids.map((id) => served.answer(id)));
    expect(answers.map(({ result }) => result.value)).toEqual(ids);
  });

  it('shows a program the servers and the tools that there are', async () => {
    const code = 'return [Object.keys(tools), Object.keys(tools.plain), "echo" in tools.plain, "ecko" in tools.plain]';
    const names = ['big', 'cancelled', 'echo', 'env', 'fails', 'never', 'pid', 'refuses', 'slow'];
    expect((await served.run('names', code)).value).toEqual([['plain', 'broken'], names, true, false]);
  });

  it('lets tools be called side by side in one program', async () => {
    const outcome = await served.run(
      'side',
      'return (await Promise.all(Array.from({ length: 100 }, (_, n) => tools.plain.echo({ n })))).reduce((sum, { n }) => sum + n, 0)',
    );
    expect(outcome.value).toBe(4950);
    expect(outcome.calls).toHaveLength(100);
  });
});

describe('events and progress', () => {
  it('tells of state, calls and console lines while the program runs, and nothing after the answer', async () => {
    const code = 'console.log("here"); await tools.plain.slow({ steps: 2, everyMs: 20 }); return 1';
    await served.ask('told', 'optimizer/execute', { code, events: true, _meta: { progressToken: 'token' } });
    const events = served.messages.filter(
      ({ method, params }) => method === 'optimizer/event' && params.requestId === 'told',
    );
    const told = events.map(({ params }) => params);
    expect(told[0]).toMatchObject({ type: 'state', state: 'running' });
    expect(told.at(-1)).toMatchObject({ type: 'state', state: 'completed' });
    expect(told).toContainEqual(expect.objectContaining({ type: 'console', level: 'info', text: 'here' }));
    expect(told.filter(({ type }) => type === 'progress').map(({ step, tool }) => `${step} ${tool}`)).toEqual([
      'call plain.slow',
      'progress plain.slow',
      'progress plain.slow',
      'answer plain.slow',
    ]);
    const progress = served.messages.filter(({ params }) => params?.progressToken === 'token');
    expect(progress.map(({ params }) => params.progress)).toEqual(progress.map((_, index) => index + 1));
    expect(progress.map(({ params }) => params.message)).toContain('plain.slow 1/2');
    const answerAt = served.messages.findIndex(({ id }) => id === 'told');
    await served.run('later', 'return 1');
    const late = served.messages
      .slice(answerAt + 1)
      .filter(({ params }) => params?.requestId === 'told' || params?.progressToken === 'token');
    expect(late).toEqual([]);
  });

  it('sends none that were not asked for', async () => {
    const before = served.messages.length;
    await served.run('quiet', 'console.log(1); return tools.plain.echo({})');
    expect(served.messages.slice(before).map(({ id }) => id)).toEqual(['quiet']);
  });
});

describe('cancellation', () => {
  it('answers with request.cancelled and the calls that were made, and the server is told', async () => {
    const told = async (id: string): Promise<number> =>
      (await served.run(id, 'return (await tools.plain.cancelled()).length')).value;
    const before = await told('told before');
    served.send({
      id: 'gone',
      method: 'optimizer/execute',
      params: { code: 'await tools.plain.pid(); return tools.plain.never()', events: true },
    });
    await served.find(
      ({ params }) => params?.requestId === 'gone' && params.step === 'call' && params.tool === 'plain.never',
    );
    served.send({ method: 'notifications/cancelled', params: { requestId: 'gone' } });
    const { error } = await served.answer('gone');
    expect(error).toMatchObject({ code: -32002, data: { code: 'request.cancelled' } });
    expect(error.data.calls.map(({ tool, status }: { tool: string; status: string }) => [tool, status])).toEqual([
      ['plain.pid', 'ok'],
      ['plain.never', 'unknown'],
    ]);
    expect(await told('told after')).toBe(before + 1);
  });

  it('stops a program that is only computing', async () => {
    served.send({
      id: 'busy',
      method: 'optimizer/execute',
      params: { code: 'for (;;) await null', events: true, limits: { cpuMs: 2_000 } },
    });
    await served.find(({ params }) => params?.requestId === 'busy' && params.state === 'running');
    served.send({ method: 'notifications/cancelled', params: { requestId: 'busy' } });
    expect((await served.answer('busy')).error.data.code).toBe('request.cancelled');
  });

  it('of a request that is not there changes nothing', async () => {
    const before = served.messages.length;
    served.send({ method: 'notifications/cancelled', params: { requestId: 'nobody' } });
    await served.run('calm', 'return 1');
    expect(served.messages.slice(before).map(({ id }) => id)).toEqual(['calm']);
  });
});

describe('questions', () => {
  it('optimizer/search answers matches with their signatures, the size of the catalogue, and who is missing', async () => {
    const { result } = await served.ask(20, 'optimizer/search', { query: 'echo', limit: 1 });
    expect(result).toEqual({
      matches: [
        { server: 'plain', tool: 'echo', kind: 'tool', signature: expect.stringMatching(/^tools\.plain\.echo\(/) },
      ],
      total: 9,
      missing: ['broken'],
    });
  });

  it('optimizer/describe answers one tool in full', async () => {
    const { result } = await served.ask(21, 'optimizer/describe', { server: 'plain', tool: 'echo' });
    expect(result).toMatchObject({ server: 'plain', tool: 'echo' });
    expect(result.declaration).toContain('declare');
    expect(result.signature).toContain('tools.plain.echo(');
  });

  it('optimizer/servers says how each server is, and why one is not', async () => {
    const { result } = await served.ask(22, 'optimizer/servers');
    expect(result.servers).toEqual([
      { name: 'plain', tools: 9, state: 'ready' },
      { name: 'broken', tools: 0, state: 'failed', error: expect.stringContaining('`/no/such/server` was not found') },
    ]);
  });

  it('optimizer/health and optimizer/stats answer in figures', async () => {
    const health = (await served.ask(23, 'optimizer/health')).result;
    expect(health).toMatchObject({ status: 'degraded', servers: { configured: 2, failed: ['broken'] } });
    expect(health.uptimeMs).toBeGreaterThan(0);
    const { result } = await served.ask(24, 'optimizer/stats');
    expect(result.runs.completed).toBeGreaterThan(200);
    expect([result.runs.inFlight, result.runs.queued]).toEqual([0, 0]);
    // A guest that a run has left, or was thrown away with, is leased to nobody.
    expect(result.sandbox.workers.map((worker: { guests: { leased: number } }) => worker.guests.leased)).toEqual(
      result.sandbox.workers.map(() => 0),
    );
    expect(result.catalog).toEqual({ servers: 2, tools: 9 });
    expect(result.memory.rssBytes).toBeGreaterThan(0);
  });
});

it('optimizer/shutdown is answered, then the process ends with exit status 0 and its servers with it', async () => {
  expect((await served.ask('bye', 'optimizer/shutdown')).result).toEqual({ stopping: true });
  expect(await served.ended).toEqual({ status: 0, signal: null });
  expect(await world.leftBehind()).toEqual([]);
});
