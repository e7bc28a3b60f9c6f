/** Whole runs through the real sandbox, with tools that are called in process. */
import { afterAll, describe, expect, it } from 'vitest';
import { spawnEraserThread } from '../../src/app/type-eraser-thread.ts';
import { assetBytes } from '../../src/core/assets.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';
import { valueCharsOf } from '../../src/engine/answer-budget.ts';
import { DEPTH_MAX } from '../../src/engine/depth.ts';
import type { Executor } from '../../src/engine/execute.ts';
import { GUIDE } from '../../src/engine/guide.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { ExecuteRequest, RunContext } from '../../src/engine/request.ts';
import { createTokenCounter } from '../../src/engine/tokens/counter.ts';
import { TypeEraser } from '../../src/engine/type-eraser.ts';
import { renderOutcome } from '../../src/protocol/render.ts';
import { createSurface } from '../../src/protocol/surface.ts';
import { DEFAULT_LIMITS, LIMITS } from '../../src/sandbox/limits.ts';
import { executorOver, type FakeTool, FakeTools, failedAnswer, listening } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
const types = new TypeEraser({ spawn: spawnEraserThread });
const tokens = createTokenCounter(assetBytes('o200k.bin'));

afterAll(async () => {
  await backend.close();
  await types.close();
});

const never = (): Promise<Json> => new Promise(() => {});

function house(more: Readonly<Record<string, FakeTool>> = {}): { executor: Executor; tools: FakeTools } {
  const tools = new FakeTools({
    'files.read_file': {
      required: ['path'],
      work: ({ path }) => ({ path: path ?? null, text: `text of ${String(path)}` }),
    },
    'files.write_file': { effect: 'write', work: () => 'written' },
    'files.fail': { work: () => failedAnswer('disk on fire') },
    'files.never': { work: never },
    'files.put_never': { effect: 'write', work: never },
    ...more,
  });
  const renderAnswer = (outcome: Outcome): string =>
    renderOutcome(outcome, () => true)
      .content.map((block) => String(block.text))
      .join('\n');
  return { tools, executor: executorOver(backend, tools, { types, tokens, renderAnswer }) };
}

function run(request: string | ExecuteRequest, audience?: RunContext['audience'], on = house()): Promise<Outcome> {
  return on.executor.execute(typeof request === 'string' ? { code: request } : request, listening(audience));
}

describe('calls of a program', () => {
  it('answer data, in parallel, and stand in the outcome in the order in which they were made', async () => {
    const outcome = await run(`
      const files = await Promise.all(['a', 'b'].map((path) => tools.files.read_file({ path })));
      await tools.files.write_file({});
      return files.map((file) => file.text)`);
    expect(outcome).toMatchObject({
      status: 'completed',
      value: ['text of a', 'text of b'],
      calls: [
        { seq: 1, tool: 'files.read_file', status: 'ok', effect: 'read' },
        { seq: 2, tool: 'files.read_file', status: 'ok' },
        { seq: 3, tool: 'files.write_file', status: 'ok', effect: 'write' },
      ],
      usage: { hostCalls: 3 },
    });
  });

  it('that fail and are caught do not fail the run', async () => {
    const outcome = await run(`
      try { await tools.files.fail() } catch (error) {
        return [error instanceof Error, error.name, error.code, error.tool, error.message, error.retryable, error.issues]
      }`);
    expect(outcome).toMatchObject({
      status: 'completed',
      value: [true, 'ToolError', 'upstream.toolError', 'files.fail', 'disk on fire', false, []],
      calls: [{ tool: 'files.fail', status: 'error' }],
    });
  });

  it('that fail and are not caught are the error of the outcome; what was done before stays in it', async () => {
    const outcome = await run(`await tools.files.write_file({});\nawait tools.files.fail();`);
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'upstream.toolError', kind: 'upstream', message: 'disk on fire', retryable: false },
      calls: [
        { tool: 'files.write_file', status: 'ok' },
        { tool: 'files.fail', status: 'error' },
      ],
    });
    expect(outcome).not.toHaveProperty('value');
  });

  it.each([
    `throw Object.assign(new Error('x'), { code: 'denied.readOnly', kind: 'denied', retryable: true })`,
    `const e = await tools.files.fail().catch((error) => error);
     throw Object.assign(new Error('x'), { name: 'ToolError', code: 'limit.cpu', tool: e.tool })`,
  ])('cannot be feigned: the code of a failure is never the guest’s', async (code) => {
    expect(await run(code)).toMatchObject({ error: { code: 'program.error', retryable: false } });
  });

  it('keep the code of the gate when the program changes the error before it throws it on', async () => {
    const code = `try { await tools.files.fail() } catch (error) { error.code = 'internal.error'; error.message = 'no'; throw error }`;
    expect(await run(code)).toMatchObject({ error: { code: 'upstream.toolError', message: 'disk on fire' } });
  });

  it('with arguments that do not fit are told the finding and the signature', async () => {
    const outcome = await run(`await tools.files.read_file({ file: 'a' })`);
    expect(outcome).toMatchObject({
      error: {
        code: 'upstream.arguments',
        message: 'the arguments of `files.read_file` do not fit: `path`: is required; it was not called',
        hint: 'tools.files.read_file({path})',
      },
      calls: [{ status: 'denied' }],
    });
  });

  it('of tools that may write are denied in a read-only run, and a program may go on without them', async () => {
    const code = `const e = await tools.files.write_file({}).catch((error) => error);
      return [e.code, (await tools.files.read_file({ path: 'a' })).path]`;
    expect(await run({ code, readOnly: true })).toMatchObject({
      value: ['denied.readOnly', 'a'],
      calls: [
        { tool: 'files.write_file', status: 'denied' },
        { tool: 'files.read_file', status: 'ok' },
      ],
    });
  });

  it('beyond `calls` are refused', async () => {
    const code = `const all = await Promise.allSettled([1, 2, 3].map((n) => tools.files.read_file({ path: String(n) })));
      return all.map((one) => one.status === 'fulfilled' ? 'ok' : one.reason.code)`;
    expect(await run({ code, limits: { calls: 2 } })).toMatchObject({ value: ['ok', 'ok', 'limit.calls'] });
    expect(await run({ code: 'await tools.files.read_file({ path: "a" })', limits: { calls: 0 } })).toMatchObject({
      error: { code: 'limit.calls' },
      calls: [],
    });
  });

  it('with more than `argumentBytes` never leave', async () => {
    const on = house();
    const code = `await tools.files.read_file({ path: 'x'.repeat(2000) })`;
    const outcome = await run({ code, limits: { argumentBytes: 1_000 } }, 'program', on);
    expect(outcome).toMatchObject({ error: { code: 'limit.argument' }, calls: [] });
    expect(on.tools.calls).toEqual([]);
  });

  it('that are still under way when the program returns are unknown, and told to stop', async () => {
    let aborted = false;
    const on = house({
      'files.slow': {
        effect: 'write',
        work: (_args, { signal }) => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return never();
        },
      },
    });
    const outcome = await run(
      `tools.files.slow({});\nawait tools.files.read_file({ path: 'a' });\nreturn 1`,
      'program',
      on,
    );
    expect(outcome).toMatchObject({
      status: 'completed',
      calls: [
        { tool: 'files.slow', status: 'unknown' },
        { tool: 'files.read_file', status: 'ok' },
      ],
    });
    expect(aborted).toBe(true);
  });

  it('search the catalogue', async () => {
    expect(await run(`return (await search('read', 2))`)).toMatchObject({
      value: { matches: ['files.read_file'], limit: 2 },
    });
  });
});

describe('the end of a run', () => {
  it('at its deadline lists the call that has no answer', async () => {
    const outcome = await run({ code: `await tools.files.put_never({})`, limits: { wallMs: 60 } });
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'limit.time', kind: 'limit', retryable: false },
      calls: [{ tool: 'files.put_never', status: 'unknown', effect: 'write' }],
    });
  });

  it('is a cancelled outcome when the caller cancels', async () => {
    const { executor, tools } = house();
    const context = listening();
    const running = executor.execute({ code: `await tools.files.never({})` }, context);
    await expect.poll(() => tools.calls.length).toBe(1);
    context.abort.abort();
    expect(await running).toMatchObject({
      status: 'failed',
      error: { code: 'request.cancelled' },
      calls: [{ status: 'unknown' }],
    });
    expect(context.events.at(-1)).toMatchObject({ type: 'state', state: 'failed' });
  });

  it('is noticed at once when nothing can happen any more', async () => {
    expect(await run('await new Promise(() => {})')).toMatchObject({ error: { code: 'program.stalled' } });
  });

  it('comes after its events, in their order', async () => {
    const { executor } = house();
    const context = listening();
    const outcome = await executor.execute(
      { code: `console.log('one'); await tools.files.read_file({ path: 'a' }); console.warn('two'); return 1` },
      context,
    );
    const told = context.events.map((event) =>
      event.type === 'state'
        ? event.state
        : event.type === 'console'
          ? event.text
          : `${event.step} ${event.status ?? ''}`.trim(),
    );
    expect(told).toEqual(['running', 'one', 'call', 'answer ok', 'two', 'completed']);
    expect(context.events.every((event) => event.executionId === outcome.executionId)).toBe(true);
  });

  it.each<[what: string, code: string, result: string]>([
    ['a function', 'return () => 1', 'a function'],
    ['a bigint', 'return 1n', 'a bigint'],
    ['a Map', 'return new Map()', 'a Map'],
    ['a circle', 'const a = {}; a.a = a; return a', 'cannot be written as JSON'],
    ['a number that is not finite', 'return 1 / 0', 'not finite'],
  ])('is program.result for %s', async (_what, code, result) => {
    const { error } = await run(code);
    expect(error).toMatchObject({ code: 'program.result', message: expect.stringContaining(result) });
  });
});

describe('what a program sees', () => {
  it('is its params, by every way to write a program', async () => {
    const params = { list: [1, { deep: 'é' }], __proto__x: null };
    expect(await run({ code: 'return params', params })).toMatchObject({ value: params });
    expect(await run({ code: '(p) => p', params })).toMatchObject({ value: params });
    expect(await run('return params')).toMatchObject({ value: {} });
  });

  it('is only what is granted', async () => {
    const code = 'return [typeof tools, typeof console, typeof load, typeof setTimeout]';
    expect(await run({ code, grants: ['console'] })).toMatchObject({
      value: ['undefined', 'object', 'undefined', 'undefined'],
    });
  });

  it('is a guest of its own for each run', async () => {
    expect(await run('globalThis.left = 1; Array.prototype.left = 2; return 1')).toMatchObject({ value: 1 });
    expect(await run('return [typeof left, [].left ?? null]')).toMatchObject({ value: ['undefined', null] });
  });
});

describe('logs', () => {
  it('stand in the outcome with their level, and those beyond `logBytes` are counted', async () => {
    const outcome = await run({
      code: `console.log('a', { b: [1] }); console.error('c'); for (let i = 0; i < 50; i++) console.log('x'.repeat(20))`,
      limits: { logBytes: 200 },
    });
    expect(outcome.logs.slice(0, 2)).toMatchObject([{ level: 'info' }, { level: 'error', text: 'c' }]);
    expect(outcome.logs[0]?.text).toContain('a');
    expect(outcome.logsDropped).toBeGreaterThan(30);
    // The line at the bound is kept in part and counted.
    expect(outcome.logs.length + outcome.logsDropped).toBe(53);
  });
});

describe('a large value', () => {
  const rows = `Array.from({ length: 5000 }, (_, id) => ({ id, name: 'row ' + id }))`;

  it('is cut to `answerChars` for a model, stays JSON, and all of it is one `load` away', async () => {
    const on = house();
    const outcome = await run(`return ${rows}`, 'model', on);
    const { truncated } = outcome;
    expect(JSON.stringify(outcome.value).length).toBeLessThanOrEqual(DEFAULT_LIMITS.answerChars);
    expect(outcome).toMatchObject({ status: 'completed', truncated: { handle: expect.stringMatching(/^h_/) } });
    expect(truncated?.bytes).toBeGreaterThan(100_000);
    const next = await run(
      `const all = await load('${truncated?.handle}'); return [all.length, all[4999]]`,
      'model',
      on,
    );
    expect(next).toMatchObject({ value: [5000, { id: 4999, name: 'row 4999' }] });
  });

  it('is another tenant’s as little as an unknown one', async () => {
    const on = house();
    const { truncated } = await run({ code: `return ${rows}`, tenant: 'a' }, 'model', on);
    const code = `await load('${truncated?.handle}')`;
    const error = { code: 'state.missing' };
    expect(await run({ code, tenant: 'b' }, 'model', on)).toMatchObject({ status: 'failed', error });
    expect(await run({ code: `await load('h_0000000000000000')`, tenant: 'a' }, 'model', on)).toMatchObject({ error });
    expect(await run({ code: `(${code}).length`, tenant: 'a' }, 'model', on)).toMatchObject({ value: 5000 });
  });

  it('is whole for a program up to `valueBytes`, and cut beyond', async () => {
    const small = await run(`return ${rows}`, 'program');
    expect(small).not.toHaveProperty('truncated');
    expect(small.value).toHaveLength(5000);
    const large = await run({ code: `return ${rows}`, limits: { valueBytes: 10_000 } }, 'program');
    expect(large).toMatchObject({
      status: 'completed',
      truncated: { bytes: Buffer.byteLength(JSON.stringify(small.value)) },
    });
    expect(Buffer.byteLength(JSON.stringify(large.value))).toBeLessThanOrEqual(10_000);
  });

  it('that is text is cut for a model by its own characters', async () => {
    const chars = valueCharsOf(DEFAULT_LIMITS.answerChars);
    const fits = await run(`return 'é'.repeat(${chars})`, 'model');
    expect(fits).not.toHaveProperty('truncated');
    const outcome = await run(`return 'x'.repeat(${chars + 1})`, 'model');
    expect(outcome.truncated?.bytes).toBe(chars + 3);
    expect(outcome.value).toMatch(/characters left out/);
  });

  it('is refused beyond `keptValueBytes`', async () => {
    const outcome = await run({ code: `return 'x'.repeat(100_000)`, limits: { keptValueBytes: 50_000 } });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'limit.value' } });
    const bytes = await run({ code: `return 'é'.repeat(30_000)`, limits: { keptValueBytes: 50_000 } });
    expect(bytes).toMatchObject({
      status: 'failed',
      error: { code: 'limit.value', message: expect.stringContaining('60002') },
    });
  });
});

describe('hostile results', () => {
  const deep = (depth: number): Json => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as Json;
  const on = house({
    'files.deepest': { work: () => deep(DEPTH_MAX) },
    'files.deeper': { work: () => deep(DEPTH_MAX + 1) },
    'files.abyss': { work: () => deep(100_000) },
    'files.proto': { work: () => JSON.parse('{"__proto__":{"x":1},"constructor":2,"toJSON":3,"then":4}') as Json },
    'files.halves': { work: () => ['\ud83d', '\ude00', '\u0000', '\u2028'] },
    'files.huge': { work: () => 'x'.repeat(4_000_000) },
  });

  it('nested as deep as is let through reach a guest of the smallest stack', async () => {
    const code = `let v = await tools.files.deepest(), n = 0; while (v) { v = v[0]; n++ } return n`;
    const limits = { stackBytes: LIMITS.stackBytes.min };
    expect(await run({ code, limits }, 'program', on)).toMatchObject({ value: DEPTH_MAX });
  });

  it.each(['deeper', 'abyss'])('nested too deep are a typed error that a program can catch: %s', async (tool) => {
    expect(await run(`await tools.files.${tool}()`, 'program', on)).toMatchObject({
      error: { code: 'limit.toolResult' },
      calls: [{ status: 'ok' }],
    });
    const caught = `return await tools.files.${tool}().catch((error) => [error.code, error.tool])`;
    expect(await run(caught, 'program', on)).toMatchObject({ value: ['limit.toolResult', `files.${tool}`] });
  });

  it('with the keys of prototypes are data on both sides', async () => {
    const outcome = await run(
      `const r = await tools.files.proto(); return { keys: Object.keys(r), plain: ({}).x ?? null, r }`,
      'program',
      on,
    );
    expect(outcome).toMatchObject({
      status: 'completed',
      value: { keys: ['__proto__', 'constructor', 'toJSON', 'then'], plain: null },
    });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('with half characters and NUL come back as they went', async () => {
    const outcome = await run(
      `const [a, b, c, d] = await tools.files.halves(); return [a + b, a, c, d]`,
      'program',
      on,
    );
    expect(outcome.value).toEqual(['😀', '\ud83d', '\u0000', '\u2028']);
    expect(() => JSON.parse(JSON.stringify(outcome))).not.toThrow();
  });

  it('that are huge are handled whole', async () => {
    expect(await run(`return (await tools.files.huge()).length`, 'program', on)).toMatchObject({ value: 4_000_000 });
  });

  it('of a program may nest as deep, and no deeper', async () => {
    const code = (depth: number): string => `let v = 1; for (let i = 0; i < ${depth}; i++) v = [v]; return v`;
    expect(await run(code(DEPTH_MAX))).toMatchObject({ status: 'completed' });
    expect(await run(code(DEPTH_MAX + 1))).toMatchObject({ error: { code: 'limit.value' } });
    for (const depth of [1_000, 10_000, 100_000]) {
      const outcome = await run(code(depth));
      expect(outcome).toMatchObject({ status: 'failed', error: { kind: expect.stringMatching(/limit|program/) } });
      expect(JSON.stringify(outcome)).toContain(outcome.executionId);
    }
  });

  it('are refused as params as well', async () => {
    const params = { deep: deep(50_000) };
    await expect(run({ code: 'return 1', params })).rejects.toMatchObject({ code: 'request.params' });
  });
});

describe('the ledger of an outcome', () => {
  const calls = `const r = await Promise.all(['a', 'b'].map((path) => tools.files.read_file({ path }))); return r.length`;

  it('holds its identity, and counts what the model is shown', async () => {
    const outcome = await run(calls, 'model');
    const { answer, withoutOptimizer, saved } = outcome.tokens;
    expect(answer).toBeGreaterThan(0);
    expect(withoutOptimizer).toBeGreaterThan(0);
    expect(saved).toBe(withoutOptimizer - answer - tokens.count(calls));
  });

  it('counts each definition once, and every call and result', async () => {
    const one = await run(`await tools.files.read_file({ path: 'a' }); return 1`, 'model');
    const two = await run(`for (const path of ['a', 'a']) await tools.files.read_file({ path }); return 1`, 'model');
    const definition = tokens.count('{"name":"read_file"}');
    const each = one.tokens.withoutOptimizer - definition;
    expect(each).toBeGreaterThan(0);
    expect(two.tokens.withoutOptimizer).toBe(definition + 2 * each);
  });

  it.each(['return (', 'throw new Error("x")', 'await tools.files.fail()', 'await tools.nothing.here()'])(
    'is there for a failure as well: %s',
    async (code) => {
      const outcome = await run(code, 'model');
      expect(outcome.status).toBe('failed');
      expect(outcome.tokens.answer).toBeGreaterThan(5);
      expect(outcome.tokens.saved).toBe(outcome.tokens.withoutOptimizer - outcome.tokens.answer - tokens.count(code));
    },
  );
});

describe('a failure that nobody caught', () => {
  it('stands at the one place where its tool is called', async () => {
    const outcome = await run(
      "const path = 'a';\nconst file = await tools.files.read_file({ path });\n  await tools.files.fail({});\n",
    );
    expect(outcome.error).toMatchObject({ code: 'upstream.toolError', line: 3, column: 21 });
    const bracket = await run("await tools.files['fail']({})");
    expect(bracket.error).toMatchObject({ line: 1 });
    const alias = await run('return await tools.files.readFile({})', 'program');
    expect(alias.error).toMatchObject({ code: 'request.tool' });
  });

  it('names no place when several could be meant', async () => {
    const outcome = await run('await tools.files.fail({});\nawait tools.files.fail({});');
    expect(outcome.error).toMatchObject({ code: 'upstream.toolError' });
    expect(outcome.error).not.toHaveProperty('line');
  });

  it('after a write advises nothing that would do it again', async () => {
    const down = new OptimizerError('upstream.unavailable', 'the server is away');
    const on = house({ 'files.away': { work: () => Promise.reject(down) } });
    const before = await run('await tools.files.away()', 'program', on);
    expect(before.error).toMatchObject({ code: 'upstream.unavailable', retryable: true });
    const after = await run('await tools.files.write_file({}); await tools.files.away()', 'program', on);
    expect(after.error).toMatchObject({ retryable: false, hint: expect.stringContaining('do not start over') });
    expect(after.calls.map(({ tool, status }) => [tool, status])).toEqual([
      ['files.write_file', 'ok'],
      ['files.away', 'unknown'],
    ]);
  });
});

describe('the guide', () => {
  const programs = [...GUIDE.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] as string);

  it('costs at most 700 tokens', () => {
    expect(tokens.count(GUIDE)).toBeLessThanOrEqual(700);
  });

  it('shows programs', () => {
    expect(programs.length).toBeGreaterThanOrEqual(2);
  });

  it.each(programs)('shows a program that runs: %s', async (code) => {
    const outcome = await run(code, 'model');
    expect(outcome.error).toBeUndefined();
    expect(outcome.status).toBe('completed');
    expect(outcome.value).not.toBeNull();
  });

  it('names only globals that are there, and none that are not', async () => {
    const named = [...GUIDE.matchAll(/`([A-Za-z]+)(?:\.[A-Za-z]+)?(?:\([^`]*\))?`/g)].map(
      (match) => match[1] as string,
    );
    const globals = named.filter((name) => !/^(code|tool|message|retryable|issues|return|await|type)$/.test(name));
    const missing = ['require', 'import'];
    const fromOutside = ['search_tools', 'run_code', 'run_code_readonly', 'read_file', 'readFile'];
    const expected = globals.filter((name) => !missing.includes(name) && !fromOutside.includes(name));
    const outcome = await run(
      `return ${JSON.stringify(expected)}.filter((name) => typeof globalThis[name] === 'undefined')`,
    );
    expect(expected.length).toBeGreaterThan(5);
    expect(outcome.value).toEqual([]);
  });
});

describe('the texts of the three tools', () => {
  const text = createSurface()
    .tools.map(({ description }) => description)
    .join('\n');
  const programs = [...text.matchAll(/`(const [^`]+)`/g)].map((match) => match[1] as string);

  it('show a program', () => {
    expect(programs.length).toBeGreaterThan(0);
  });

  it.each(programs)('show a program that runs: %s', async (code) => {
    const on = house({ 'server.tool': { work: () => ({ part: 'the part' }) } });
    const outcome = await run(`const args = {}; ${code}`, 'model', on);
    expect(outcome).toMatchObject({ status: 'completed', value: 'the part', calls: [{ status: 'ok' }] });
  });
});

describe('an unknown server', () => {
  it('is the failure of the call, and names what is near', async () => {
    const on = house();
    on.tools.require = () => {
      throw new OptimizerError('request.server', 'There is no server `file`. Nearest: `files`.', {
        data: { nearest: ['files'] },
      });
    };
    expect(await run('await tools.file.read()', 'program', on)).toMatchObject({
      error: {
        code: 'request.server',
        message: expect.stringContaining('Nearest: `files`'),
        data: { nearest: ['files'] },
      },
    });
  });
});
