/**
 * What every sandbox backend that runs JavaScript must do, as one suite: a second engine passes it by being handed to
 * `backendContract`. It speaks only of src/sandbox/backend.ts; how a backend does it is tested beside the backend.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostCall, LogLine, SandboxBackend } from '../../src/sandbox/backend.ts';
import { MovableDeadline } from '../../src/sandbox/deadline.ts';
import { fixtureTool, HOST_SECRET, refusal, runProgram } from '../sandbox/world.ts';

const MiB = 1024 * 1024;
const NEXT = 'return [1, 2, 3].map((x) => x * 2)';

export function backendContract(name: string, open: () => Promise<SandboxBackend>): void {
  describe(`the backend ${name}`, () => {
    let backend: SandboxBackend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.close());

    const run = (...args: Parameters<typeof runProgram> extends [unknown, ...infer Rest] ? Rest : never) =>
      runProgram(backend, ...args);
    const nextIsRight = async (): Promise<void> => expect((await run(NEXT)).value).toEqual([2, 4, 6]);

    it.each([
      ['a number', 'return 1.5', 1.5],
      ['nothing', '', null],
      ['undefined', 'return undefined', null],
      ['a text with every kind of character', "return 'a\\0é😀\\u2028\\n\"'", 'a\0é😀\u2028\n"'],
      ['data', 'return { a: [1, { b: null }], c: true, d: undefined }', { a: [1, { b: null }], c: true }],
      ['a key that is __proto__', 'return JSON.parse(\'{"__proto__":1}\')', JSON.parse('{"__proto__":1}')],
      ['a date', 'return new Date(0)', '1970-01-01T00:00:00.000Z'],
      ['params', 'return params.list.length', 3],
    ])('returns %s', async (_, code, value) => {
      const ended = await run(code, { params: { list: [1, 2, 3] } });
      expect(ended.failure).toBeUndefined();
      expect(ended.value).toEqual(value);
    });

    it('counts none of the time for which the deadline is held, and all the rest', async () => {
      const deadline = new MovableDeadline(() => performance.now());
      const hostCall = async (): Promise<{ ok: true; text: string }> => {
        const release = deadline.hold();
        await new Promise((resolve) => setTimeout(resolve, 600));
        release();
        return { ok: true, text: '"asked"' };
      };
      const call = 'await tools.fixture.echo({})';
      const held = await run(`return ${call}`, { limits: { wallMs: 300 }, deadline, hostCall });
      expect([held.code, held.value]).toEqual(['completed', 'asked']);
      const waits = `${call}; await new Promise((resolve) => setTimeout(resolve, 5_000))`;
      const over = await run(waits, {
        limits: { wallMs: 300 },
        deadline: new MovableDeadline(() => performance.now()),
        hostCall,
      });
      expect(over.code).toBe('limit.time');
      await nextIsRight();
    });

    it('hands calls to the host and their answers to the program', async () => {
      const calls: HostCall[] = [];
      const ended = await run('const a = await tools.fixture.echo({ x: [1, "é\\0"] }); return a.x', {
        hostCall: (call) => {
          calls.push(call);
          return fixtureTool(call);
        },
      });
      expect(ended.value).toEqual([1, 'é\0']);
      expect(
        calls.map(({ interfaceName, functionName, argumentsText }) => [
          interfaceName,
          functionName,
          JSON.parse(argumentsText),
        ]),
      ).toEqual([['tools', 'call', ['fixture', 'echo', { x: [1, 'é\0'] }, false]]]);
      expect(ended.end?.usage.hostCalls).toBe(1);
    });

    it('runs calls side by side', async () => {
      const ended = await run('return (await Promise.all([1, 2, 3, 4].map((n) => tools.fixture.slow(n)))).join()');
      expect(ended.value).toBe('1,2,3,4');
    });

    it('shows a failed call as the record says, and nothing else of the host', async () => {
      const code =
        'try { await tools.fixture.fail({}) } catch (e) { return [e.code, e.message, String(e.stack), e.constructor === Error] }';
      const ended = await run(code);
      expect((ended.value as unknown[])[0]).toBe('upstream.toolError');
      expect((ended.value as unknown[])[3]).toBe(true);
      expect(JSON.stringify(ended.value)).not.toMatch(/node:|\/src\/|worker\.cjs/);
      expect(JSON.stringify(ended.value)).not.toContain(HOST_SECRET);
    });

    it('names the call whose failure nobody caught', async () => {
      const ended = await run("await tools.fixture.echo(1); await tools.fixture.nope('x')", {
        hostCall: async (call) =>
          call.argumentsText.includes('nope') ? refusal('denied.tool', 'no') : { ok: true, text: '1' },
      });
      expect(ended.failure?.call).toBe(2);
    });

    it.each([
      ['program.error', 'throw new TypeError("mine")', {}],
      ['program.error', 'throw null', {}],
      ['program.result', 'return 1n', {}],
      ['limit.time', 'await tools.fixture.never()', { wallMs: 150 }],
      ['limit.cpu', 'for (;;);', { cpuMs: 150 }],
      ['limit.cpu', 'for (;;) await null', { cpuMs: 150 }],
      ['limit.cpu', '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)', { cpuMs: 150 }],
      [
        'limit.memory',
        'const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))',
        { memoryBytes: 32 * MiB, cpuMs: 20_000 },
      ],
      ['limit.stack', 'const f = () => f(); f()', {}],
      ['limit.value', "return 'x'.repeat(5000)", { keptValueBytes: 1_000 }],
      ['limit.argument', "await tools.fixture.echo('x'.repeat(5000))", { argumentBytes: 1_000 }],
      ['limit.calls', 'for (;;) await tools.fixture.echo(1)', { calls: 3 }],
    ] as const)('ends as %s: %s', async (code, program, limits) => {
      const ended = await run(program, { limits });
      expect(ended.code).toBe(code);
      expect(ended.end?.valueText).toBeUndefined();
      expect(ended.failure?.message.length).toBeGreaterThan(3);
      await nextIsRight();
    });

    it('says where in the program an error arose', async () => {
      const ended = await run('const a = 1;\n\n  throw new Error("here")');
      expect(ended.failure).toMatchObject({ code: 'program.error', message: 'here', line: 3 });
    });

    it('ends a run that is cancelled while it waits, and one that is busy', async () => {
      for (const code of ['await tools.fixture.never()', 'for (;;) await null', 'for (;;);']) {
        const abort = new AbortController();
        const ended = run(code, { signal: abort.signal, limits: { cpuMs: 60_000 } });
        setTimeout(() => abort.abort(), 60);
        expect((await ended).code).toBe('request.cancelled');
      }
      expect((await run('return 1', { signal: AbortSignal.abort() })).code).toBe('request.cancelled');
      await nextIsRight();
    });

    it('keeps logs in order, with their levels, up to the limit', async () => {
      const live: LogLine[] = [];
      const ended = await run(
        "console.log('a', 1); console.warn({ b: [2] }); console.error('x'.repeat(500)); console.log('gone')",
        {
          limits: { logBytes: 100 },
          onLog: (line) => live.push(line),
        },
      );
      expect(ended.end?.logs.slice(0, 2)).toEqual([
        { level: 'info', text: 'a 1' },
        { level: 'warn', text: '{b: [2]}' },
      ]);
      expect(ended.end?.logs.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(100);
      expect(ended.end?.logsDropped).toBe(2);
      expect(live).toEqual(ended.end?.logs);
    });

    it('makes no call after the end', async () => {
      const ended = await run(
        "(async () => { for (;;) await tools.fixture.echo(1) })(); setTimeout(() => tools.fixture.echo(2), 10); return 'done'",
      );
      expect(ended.value).toBe('done');
      await run('await new Promise((r) => setTimeout(r, 60))');
      expect(ended.late.calls).toBe(0);
    });

    it('gives a run only what it was granted', async () => {
      const code = 'return [typeof tools, typeof console, typeof setTimeout, typeof crypto, typeof URL]';
      expect((await run(code, { grants: [] })).value).toEqual(Array(5).fill('undefined'));
      expect((await run(code, { grants: ['timers'] })).value).toEqual([
        'undefined',
        'undefined',
        'function',
        'undefined',
        'undefined',
      ]);
    });

    it('keeps runs apart, in one tenant and in two', async () => {
      const leave = 'globalThis.x = 1; Array.prototype.x = 1; JSON.stringify = null; return 1';
      for (const tenant of ['a', 'a', 'b']) {
        expect((await run('return [typeof x, typeof [].x, typeof JSON.stringify]', { tenant })).value).toEqual([
          'undefined',
          'undefined',
          'function',
        ]);
        await run(leave, { tenant });
      }
    });

    it('runs many at once, each with its own', async () => {
      const ended = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          run('return [params.n, await tools.fixture.slow({ n: params.n })]', { params: { n }, tenant: `t${n % 5}` }),
        ),
      );
      expect(ended.map(({ value }) => value)).toEqual(Array.from({ length: 60 }, (_, n) => [n, { n }]));
    });

    it('tells its figures', async () => {
      await run('return 1');
      expect(backend.stats()).toMatchObject({ backend: backend.name });
    });

    it('answers everything when it is closed, and refuses what comes later', async () => {
      const other = await open();
      const waiting = runProgram(other, 'await tools.fixture.never()');
      await new Promise((resolve) => setTimeout(resolve, 50));
      await other.close();
      expect((await waiting).code).toBe('request.shutdown');
      expect((await runProgram(other, 'return 1')).code).toBe('request.shutdown');
    });
  });
}
