/** Runs of sessions through the real sandbox and a real store. */
import { afterAll, describe, expect, it } from 'vitest';
import { spawnEraserThread } from '../../src/app/type-eraser-thread.ts';
import type { Json } from '../../src/core/json.ts';
import { TypeEraser } from '../../src/engine/type-eraser.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import type { SandboxBackend } from '../../src/sandbox/backend.ts';
import { ContextValues } from '../../src/state/context.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { ended, FakeBackend, lost } from './fake-backend.ts';
import { executorOver, type FakeTool, FakeTools, listening, sessionRuns } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
const types = new TypeEraser({ spawn: spawnEraserThread });
afterAll(async () => {
  await backend.close();
  await types.close();
});

const systemClock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

function house(
  more: { tools?: Record<string, FakeTool>; maxBytes?: number; sessionsMax?: number; secrets?: string[] } = {},
) {
  const store = new MemoryStore(systemClock);
  const sessions = sessionRuns(store, more);
  const tools = new FakeTools({
    'files.read': { work: ({ path }) => `text of ${String(path)}` },
    'files.write': { effect: 'write', work: () => 'written' },
    'files.never': { work: () => new Promise<Json>(() => {}) },
    ...more.tools,
  });
  const redactor = createRedactor(more.secrets ?? []);
  const executor = executorOver(backend, tools, { store, sessions, types, redactor });
  const run = (code: string, request: object = {}) => executor.execute({ code, session: 's', ...request }, listening());
  /** The value of a run that must complete. */
  const value = async (code: string, request: object = {}) => {
    const outcome = await run(code, request);
    expect(outcome.error).toBeUndefined();
    return outcome.value;
  };
  return { store, sessions, executor, tools, run, value };
}

describe('the variables of a session', () => {
  it.each<[string, string, string, Json]>([
    ['a const', 'const a = { n: 1 }', 'return a', { n: 1 }],
    ['a let without a value', 'let a;', 'return [typeof a, a === undefined]', ['undefined', true]],
    [
      'several in one statement',
      "const a = 1, b = 'x', [c, ...d] = [1, 2, 3]",
      'return [a, b, c, d]',
      [1, 'x', 1, [2, 3]],
    ],
    [
      'a pattern',
      'const { a, b: { c = 5 }, ...rest } = { a: 1, b: {}, d: 4 }',
      'return [a, c, rest]',
      [1, 5, { d: 4 }],
    ],
    ['a var', 'var a = 1', 'return a', 1],
    [
      'a function, called before it stands there',
      'const r = f(2); function f(n) { return n * 2 }',
      'return [r, f(3)]',
      [4, 6],
    ],
    ['an async function', 'async function f() { return 7 }', 'return await f()', 7],
    ['a generator', 'function* g() { yield 1; yield 2 }', 'return [...g()]', [1, 2]],
    ['an arrow with its name', 'const f = () => 1', 'return [f(), f.name]', [1, 'f']],
    ['a class', 'class A { static s = 3; v = 1 }', 'return [A.s, new A().v, A.name]', [3, 1, 'A']],
    ['a subclass', 'class A { x = 1 } class B extends A { y = 2 }', 'return new B()', { x: 1, y: 2 }],
    ['what was assigned without a declaration', 'a = 5', 'return a', 5],
    ['a Map and a Date', 'const m = new Map([[1, { d: new Date(0) }]])', 'return m.get(1).d.getTime()', 0],
    ['an awaited value', 'const a = await tools.files.read({ path: "p" })', 'return a', 'text of p'],
    ['exported declarations', 'export const a = 1; export function f() { return a }', 'return f()', 1],
    [
      'TypeScript',
      'interface P { n: number }\nconst a: P = { n: 1 };\nfunction f<T>(x: T): T { return x }',
      'return f(a)',
      { n: 1 },
    ],
  ])('hold %s', async (_, first, second, expected) => {
    const { value } = house();
    await value(`${first}\nreturn 1`);
    expect(await value(second)).toEqual(expected);
  });

  it('are one variable for all runs: a function of an earlier one sees what a later one assigns', async () => {
    const { value } = house();
    await value('let n = 0; function up() { return ++n } const peek = () => n; return 1');
    expect(await value('up(); up(); n += 10; return peek()')).toBe(12);
    expect(await value('const n = 100; return [peek(), up()]')).toEqual([100, 101]);
    expect(await value('function up() { return "new" } return [up(), peek()]')).toEqual(['new', 101]);
  });

  it('keep identity and closures', async () => {
    const { value } = house();
    await value(
      'const o = {}; const all = [o]; const counter = (() => { let n = 0; return () => ++n })(); return counter()',
    );
    expect(await value('return [all[0] === o, counter(), counter()]')).toEqual([true, 2, 3]);
  });

  it('are replaced by a new declaration, whatever they were', async () => {
    const { value } = house();
    await value('const a = 1; return a');
    await value('function a() { return 2 } return a()');
    await value('class a {} return 1');
    expect(await value('let a = [4]; return a')).toEqual([4]);
  });

  it('are those of the top level; what a block or a function declares is its own', async () => {
    const { value } = house();
    await value(
      'for (let i = 0; i < 3; i++) { const inner = i } { let block = 1 } (() => { var local = 1 })(); return 1',
    );
    expect(await value('return [typeof i, typeof inner, typeof block, typeof local]')).toEqual(
      Array(4).fill('undefined'),
    );
  });

  it('may be assigned under "use strict"', async () => {
    const { value } = house();
    await value('"use strict"; let a = 1; a = 2; return a');
    expect(await value('"use strict"; a = 3; return a')).toBe(3);
  });

  it('are found by programs that end in an expression, and by one function', async () => {
    const { value } = house();
    expect(await value('const a = 20; a + 1')).toBe(21);
    expect(await value('async () => a * 2')).toBe(40);
    expect(await value('export default async function f() { return a * 3 }')).toBe(60);
    expect(await value('const main = async () => a * 4;')).toBe(80);
    expect(await value('function helper(x) { return x }')).toBeNull();
    expect(await value('helper(5)')).toBe(5);
  });

  it('stand without a semicolon as well as with one', async () => {
    const { value } = house();
    expect(
      await value(
        'const f = (x) => x\nconst a = f\nlet b\n[b] = [2]\nclass C {}\nlet d = a(3)\nf(9)\nconst { e } = { e: 5 }\nreturn [b, d, e, typeof C]',
      ),
    ).toEqual([2, 3, 5, 'function']);
  });

  it('never take the place of the guest’s own globals', async () => {
    const { value } = house();
    expect(await value('const search = 1, params = 2; let console = 3; return [search, params, console]')).toEqual([
      1, 2, 3,
    ]);
    expect(await value('return [typeof search, typeof params, typeof console]')).toEqual([
      'function',
      'object',
      'object',
    ]);
  });

  it('belong to one session of one tenant', async () => {
    const { value } = house();
    await value('const a = 1; return a', { tenant: 't1' });
    expect(await value('return typeof a', { tenant: 't2' })).toBe('undefined');
    expect(await value('return typeof a', { tenant: 't1', session: 'other' })).toBe('undefined');
    expect(await value('return typeof a', { tenant: 't1', session: undefined })).toBe('undefined');
    expect(await value('return a', { tenant: 't1' })).toBe(1);
  });

  it('keep positions of errors in the text that was sent', async () => {
    const { run } = house();
    const outcome = await run('function f() {\n  throw new Error("x");\n}\nconst a = 1, b = f();');
    expect(outcome.error).toMatchObject({ code: 'program.error', line: 2, message: 'x' });
    const again = await run('const q = 1;\n  nothing.here;');
    expect(again.error).toMatchObject({ line: 2, column: 3 });
  });
});

describe('the end of a session’s run', () => {
  it('by an error of the program keeps what it had assigned', async () => {
    const { run, value } = house();
    await value('let a = 1; return a');
    expect((await run('a = 2; throw new Error("no")')).status).toBe('failed');
    expect((await run('a = 3; return 1n')).error?.code).toBe('program.result');
    expect(await value('return a')).toBe(3);
  });

  it.each<[string, string, object]>([
    ['a limit of time', 'a = 2; await new Promise((r) => setTimeout(r, 1e6))', { limits: { wallMs: 60 } }],
    ['a limit of processor time', 'a = 2; for (;;);', { limits: { cpuMs: 30 } }],
    [
      'a limit of memory',
      'a = 2; const all = []; for (;;) all.push(new ArrayBuffer(1 << 20))',
      { limits: { memoryBytes: 20 << 20 } },
    ],
    ['a stall', 'a = 2; await new Promise(() => {})', {}],
    ['a program that cannot be parsed', 'a = 2; return (', {}],
  ])('by %s leaves them as they were', async (_, code, request) => {
    const { run, value } = house();
    await value('let a = 1; return a');
    expect((await run(code, request)).status).toBe('failed');
    expect(await value('return a')).toBe(1);
  });

  it('lets nothing that it had planned happen in the next run', async () => {
    const { value, tools } = house();
    await value(`globalThis.seen = []; let late = 0;
      (async () => { for (let n = 0; n < 50; n++) await null; seen.push('job'); await tools.files.write({}) })();
      setTimeout(() => { seen.push('timer') }, 5);
      tools.files.never().then(() => seen.push('answer'), () => seen.push('refused'));
      return 1`);
    expect(await value('await new Promise((r) => setTimeout(r, 30)); return seen')).toEqual([]);
    expect(tools.calls.map(({ tool }) => tool)).toEqual(['files.never']);
  });

  it('gives the next run its own calls in flight, random numbers and limits', async () => {
    const { run, value } = house();
    await value('for (let n = 0; n < 64; n++) tools.files.never(); const first = Math.random(); return 1');
    expect(await value('return (await tools.files.read({ path: 1 })) + (Math.random() !== first)')).toBe(
      'text of 1true',
    );
    const limited = await run('for (let n = 0; n < 9; n++) await tools.files.read({})', { limits: { calls: 3 } });
    expect(limited.error?.code).toBe('limit.calls');
    expect(
      (
        await run('function deep(n) { return n ? deep(n - 1) + 1 : 0 } return deep(300)', {
          limits: { stackBytes: 32_768 },
        })
      ).error?.code,
    ).toBe('limit.stack');
    expect(await value('function deep(n) { return n ? deep(n - 1) + 1 : 0 } return deep(300)')).toBe(300);
  });

  it('does not lend the error of an earlier run to a later one', async () => {
    const { run, value } = house({ tools: { 'files.fail': { work: () => ({ ok: false, message: 'old', raw: {} }) } } });
    await value('let kept; try { await tools.files.fail() } catch (error) { kept = error } return kept.message');
    const outcome = await run('await tools.files.read({ path: 1 }).catch(() => {}); throw kept');
    expect(outcome.error).toMatchObject({ code: 'program.error', message: 'ToolError: old' });
  });

  it('keeps a heap that has grown beyond the first memory, and refuses to take it up with less', async () => {
    const { run, value } = house();
    await value('const big = new Uint8Array(24e6).fill(7); return big.length');
    expect(await value('return [big.length, big[23999999]]')).toEqual([24e6, 7]);
    const outcome = await run('return 1', { limits: { memoryBytes: 18 << 20 } });
    expect(outcome.error?.code).toBe('limit.memory');
  });

  it('gives a run only the capabilities that it was granted, and the next one those that it was', async () => {
    const { value } = house();
    expect(await value('const a = 1; return [typeof tools, typeof console]', { grants: ['console'] })).toEqual([
      'undefined',
      'object',
    ]);
    expect(await value('return [typeof tools, typeof search, a]')).toEqual(['object', 'function', 1]);
  });
});

describe('what a session may be', () => {
  it('is bounded in bytes: a larger one stays as it was, and the outcome says so', async () => {
    const { run, value } = house({ maxBytes: 60_000 });
    await value('let a = "small"; return a');
    const outcome = await run('a = Array.from({ length: 40000 }, () => Math.random()); return a.length');
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'limit.session', retryable: false } });
    expect(outcome.error?.message).toMatch(/take \d+ bytes, compressed; the limit sessions.maxBytes is 60000 bytes/);
    expect(await value('return a')).toBe('small');
  });

  it('is bounded in number for each tenant', async () => {
    const { run, value } = house({ sessionsMax: 2 });
    for (const session of ['one', 'two']) await value('const a = 1; return a', { session });
    expect((await run('const a = 1', { session: 'three' })).error?.code).toBe('limit.sessions');
    expect(await value('return a', { session: 'two' })).toBe(1);
    expect(await value('return 1', { session: 'three', tenant: 'another' })).toBe(1);
  });

  it('is refused with its reason when another engine kept it, and its context is still there', async () => {
    const { run, value, store, executor } = house();
    await value("const a = 1; await context.set('note', 'kept'); return a");
    const entry = await store.getBytes('sessions ["default"]', '"s"');
    const other = Buffer.from(entry?.bytes ?? []);
    const at = other.indexOf('"base":"') + 8;
    other.write('0123456789abcdef', at);
    await store.setBytes('sessions ["default"]', '"s"', other, 60_000);
    await expect(run('return a')).rejects.toMatchObject({
      code: 'state.session',
      message: expect.stringContaining('nothing ran'),
    });
    expect(executor.stats()).toMatchObject({ inFlight: 0 });
    const context = new ContextValues(store, 60_000);
    expect(await context.get({ tenant: 'default', session: 's' }, 'note')).toMatchObject({ value: 'kept' });
  });

  it('is refused when its bytes are damaged', async () => {
    const { run, value, store } = house();
    await value('const a = 1; return a');
    const entry = await store.getBytes('sessions ["default"]', '"s"');
    const bytes = Buffer.from(entry?.bytes ?? []);
    bytes.fill(0, bytes.length - 200);
    await store.setBytes('sessions ["default"]', '"s"', bytes, 60_000);
    expect((await run('return a')).error?.code).toBe('state.session');
  });

  it('is refused on a backend that keeps no variables', async () => {
    const run = executorOver(new FakeBackend(() => ended()), new FakeTools({})).execute(
      { code: 'return 1', session: 's' },
      listening(),
    );
    await expect(run).rejects.toMatchObject({ code: 'request.params', data: { path: 'session' } });
  });

  it('never holds a secret', async () => {
    const { value, store } = house({ secrets: ['sk-12345678'] });
    await value("const a = params.token; const b = 'sk-12345678'; return 1", { params: { token: 'sk-12345678' } });
    expect(await value('return [a, b]')).toEqual(['[redacted]', '[redacted]']);
    expect(await store.entries('sessions ["default"]')).toHaveLength(1);
  });
});

describe('runs of one session', () => {
  it('begin with the same variables again when their worker was lost', async () => {
    const { store, run, value } = house();
    await value('let n = 1; return n');
    let starts = 0;
    const losing: SandboxBackend = {
      name: 'losing',
      sessionBase: () => backend.sessionBase(),
      // The first guest is lost after it has run.
      run: async (request) => {
        const end = await backend.run(request);
        return ++starts === 1 ? lost() : end;
      },
      stats: () => ({}),
      close: async () => {},
    };
    const executor = executorOver(losing, new FakeTools({}), { store, sessions: sessionRuns(store) });
    const outcome = await executor.execute({ code: 'n++; return n', session: 's' }, listening());
    expect([starts, outcome.value]).toEqual([2, 2]);
    expect((await run('return n')).value).toBe(2);
  });

  it('wait in a line of bounded length', async () => {
    const { run } = house();
    const all = await Promise.allSettled(
      Array.from({ length: 80 }, () => run('await new Promise((r) => setTimeout(r, 1)); return 1')),
    );
    const refused = all.filter((one) => one.status === 'rejected');
    expect(refused.length).toBe(80 - 65);
    expect(refused[0]).toMatchObject({ reason: { code: 'limit.queue', data: { retryAfterMs: 1_000 } } });
    expect((await run('return 2')).value).toBe(2);
  });

  it('take turns in the order in which they came', async () => {
    const { run, value } = house();
    await value('let log = []; return 1');
    await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        run(`log.push(${n}); await new Promise((r) => setTimeout(r, ${10 - n})); return 1`),
      ),
    );
    expect(await value('return log')).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('run beside those of other sessions', async () => {
    const { run } = house({ tools: {} });
    const slow = run('await tools.files.never()', { session: 'slow', limits: { wallMs: 300 } });
    expect((await run('return 1', { session: 'quick' })).value).toBe(1);
    expect((await slow).error?.code).toBe('limit.time');
  });

  it('of which one gives up waiting do not hold up the others', async () => {
    const { executor, run } = house();
    const first = run('await new Promise((r) => setTimeout(r, 50)); let a = 1; return a');
    const waiting = listening();
    const second = executor.execute({ code: 'return 2', session: 's' }, waiting);
    const third = run('return a + 2');
    waiting.abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'request.cancelled' });
    expect([(await first).value, (await third).value]).toEqual([1, 3]);
  });

  it('of two processes lose nothing silently: the slower one is told, and told not to repeat what it wrote', async () => {
    const { store, run, value } = house();
    await value('let n = 1; return n');
    const other = executorOver(backend, new FakeTools({ 'files.write': { effect: 'write', work: () => 1 } }), {
      store,
      sessions: sessionRuns(store),
    });
    const late = other.execute(
      {
        code: 'await tools.files.write({}); await new Promise((r) => setTimeout(r, 80)); n = 50; return n',
        session: 's',
      },
      listening(),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await value('n++; return n')).toBe(2);
    const outcome = await late;
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'state.conflict', retryable: false },
      calls: [{ status: 'ok' }],
    });
    expect((await run('return n')).value).toBe(2);
  });
});
