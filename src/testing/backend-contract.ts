/**
 * What every backend that runs JavaScript must do, as one suite: our own pass it, and so does one of somebody else, or its
 * author sees in the names of skipped tests what it does not do. It speaks only of sandbox/backend.ts.
 *
 * Decision to know: the backend of an author is tested with the guard around it, because that is what runs (`guarded`): the
 * deadline, the size of arguments and late calls are the guard's to keep.
 */
import assert from 'node:assert/strict';
import type { Json } from '../core/json.ts';
import type { ContainerWork, HostCall, LogLine, SandboxBackend } from '../sandbox/backend.ts';
import { GuardedBackend } from '../sandbox/guarded-backend.ts';
import type { LimitName } from '../sandbox/limits.ts';
import type { TestFramework } from './framework.ts';
import { fixtureTool, HOST_SECRET, type ProgramOptions, type ProgramRun, refusal, runProgram } from './run-program.ts';

/** What a backend may lack. The words are those of the skipped tests. */
export const BACKEND_FEATURES = {
  cpu: 'ends a run that computes for too long as `limit.cpu`, not only by its deadline',
  memory: 'holds a run to `memoryBytes`',
  stack: 'tells a recursion that is too deep from other errors',
  places: 'says where in the program an error arose',
  grants: 'shows a run nothing that it was not granted',
  intrinsics: 'gives errors of calls to the program as objects of its own world',
} as const;

export type BackendFeature = keyof typeof BACKEND_FEATURES;

export interface BackendContractOptions {
  /** Stands in the name of the suite. */
  readonly name: string;
  /** A backend of its own at each call; the suite closes it. */
  open(): SandboxBackend | Promise<SandboxBackend>;
  readonly framework: TestFramework;
  /** What the backend does not do; each is a skipped test. Default: nothing. */
  readonly lacks?: readonly BackendFeature[];
  /** Default true. False = the backend keeps every rule by itself. */
  readonly guarded?: boolean;
  /** Runs that are started together. Default 60. */
  readonly runsAtOnce?: number;
  /** For a backend of containers: what each run is given beside its program. */
  readonly container?: ContainerWork;
}

const MiB = 1024 * 1024;
const NEXT = 'return [1, 2, 3].map((x) => x * 2)';

const VALUES: ReadonlyArray<readonly [what: string, code: string, value: Json]> = [
  ['a number', 'return 1.5', 1.5],
  ['nothing', '', null],
  ['undefined', 'return undefined', null],
  ['a text with every kind of character', "return 'a\\0é😀\\u2028\\n\"'", 'a\0é😀\u2028\n"'],
  ['data', 'return { a: [1, { b: null }], c: true, d: undefined }', { a: [1, { b: null }], c: true }],
  ['a key that is __proto__', 'return JSON.parse(\'{"__proto__":1}\')', JSON.parse('{"__proto__":1}')],
  ['a date', 'return new Date(0)', '1970-01-01T00:00:00.000Z'],
  ['params', 'return params.list.length', 3],
];

type Ending = readonly [
  code: string,
  program: string,
  limits: Partial<Record<LimitName, number>>,
  needs?: BackendFeature,
];

const ENDINGS: readonly Ending[] = [
  ['program.error', 'throw new TypeError("mine")', {}],
  ['program.error', 'throw null', {}],
  ['program.result', 'return 1n', {}],
  ['limit.time', 'await tools.fixture.never()', { wallMs: 300 }],
  ['limit.cpu', 'for (;;);', { cpuMs: 150 }, 'cpu'],
  ['limit.cpu', 'for (;;) await null', { cpuMs: 150 }, 'cpu'],
  ['limit.cpu', '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)', { cpuMs: 150 }, 'cpu'],
  [
    'limit.memory',
    'const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))',
    { memoryBytes: 32 * MiB, cpuMs: 20_000 },
    'memory',
  ],
  ['limit.stack', 'const f = () => f(); f()', {}, 'stack'],
  ['limit.value', "return 'x'.repeat(5000)", { keptValueBytes: 1_000 }],
  ['limit.argument', "await tools.fixture.echo('x'.repeat(5000))", { argumentBytes: 1_000 }],
  ['limit.calls', 'for (;;) await tools.fixture.echo(1)', { calls: 3 }],
];

/** Registers the suite with the framework; returns at once. */
export function backendContract(options: BackendContractOptions): void {
  const { name, framework, lacks = [], guarded = true, runsAtOnce = 60, container } = options;
  const { describe, it, before, after } = framework;
  const test = (title: string, body: () => Promise<void>, needs?: BackendFeature): void => {
    const lacking = needs !== undefined && lacks.includes(needs);
    if (lacking) it.skip(`${title} (the backend lacks \`${needs}\`: ${BACKEND_FEATURES[needs]})`, body);
    else it(title, body);
  };
  const open = async (): Promise<SandboxBackend> => {
    const backend = await options.open();
    if (!guarded) return backend;
    // A fault shows as `sandbox.lost`; what it was is for the author to read.
    const onFault = (message: string): void => process.emitWarning(`the backend ${name}: ${message}`);
    return new GuardedBackend({ name: backend.name, backend, onFault });
  };

  describe(`the backend ${name}`, () => {
    let backend: SandboxBackend;
    before(async () => {
      backend = await open();
    });
    after(() => backend.close());

    const runOn = (on: SandboxBackend, code: string, more: ProgramOptions = {}): Promise<ProgramRun> =>
      runProgram(on, code, container === undefined ? more : { container, ...more });
    const run = (code: string, more?: ProgramOptions): Promise<ProgramRun> => runOn(backend, code, more);
    const nextIsRight = async (): Promise<void> => assert.deepEqual((await run(NEXT)).value, [2, 4, 6]);

    for (const [what, code, value] of VALUES) {
      test(`returns ${what}`, async () => {
        const ended = await run(code, { params: { list: [1, 2, 3] } });
        assert.equal(ended.failure, undefined);
        assert.deepEqual(ended.value, value);
      });
    }

    test('hands calls to the host and their answers to the program', async () => {
      const calls: HostCall[] = [];
      const ended = await run('const a = await tools.fixture.echo({ x: [1, "é\\0"] }); return a.x', {
        hostCall: (call) => {
          calls.push(call);
          return fixtureTool(call);
        },
      });
      assert.deepEqual(ended.value, [1, 'é\0']);
      const [call] = calls;
      assert.equal(calls.length, 1);
      assert.equal(call?.interfaceName, 'tools');
      assert.equal(call?.functionName, 'call');
      assert.deepEqual(JSON.parse(call?.argumentsText ?? ''), ['fixture', 'echo', { x: [1, 'é\0'] }, false]);
      assert.equal(ended.end.usage.hostCalls, 1);
    });

    test('asks for the whole result with `$raw`', async () => {
      const raw: unknown[] = [];
      await run('await tools.fixture.$raw.echo({ x: 1 })', {
        hostCall: (call) => {
          raw.push(...(JSON.parse(call.argumentsText) as unknown[]));
          return fixtureTool(call);
        },
      });
      assert.deepEqual(raw, ['fixture', 'echo', { x: 1 }, true]);
    });

    test('runs calls side by side', async () => {
      const ended = await run('return (await Promise.all([1, 2, 3, 4].map((n) => tools.fixture.slow(n)))).join()');
      assert.equal(ended.value, '1,2,3,4');
    });

    test('shows a failed call as the record says, and nothing else of the host', async () => {
      const code = 'try { await tools.fixture.fail({}) } catch (e) { return [e.code, e.message, String(e.stack)] }';
      const ended = await run(code);
      assert.equal((ended.value as Json[])[0], 'upstream.toolError');
      assert.equal((ended.value as Json[])[1], 'the tool failed');
      assert.ok(!JSON.stringify(ended.value).includes(HOST_SECRET));
    });

    const ownWorld =
      'try { await tools.fixture.fail({}) } catch (e) { return [e.constructor === Error, String(e.stack)] }';
    test(
      'gives the program errors of its own world',
      async () => {
        const [isOwn, stack] = (await run(ownWorld)).value as Json[];
        assert.equal(isOwn, true);
        assert.doesNotMatch(String(stack), /node:|\/src\/|worker\.cjs/);
      },
      'intrinsics',
    );

    test('names the call whose failure nobody caught', async () => {
      const ended = await run("await tools.fixture.echo(1); await tools.fixture.nope('x')", {
        hostCall: async (call) =>
          call.argumentsText.includes('nope') ? refusal('denied.tool', 'no') : { ok: true, text: '1' },
      });
      assert.equal(ended.failure?.call, 2);
    });

    for (const [code, program, limits, needs] of ENDINGS) {
      const ends = async (): Promise<void> => {
        const ended = await run(program, { limits });
        assert.equal(ended.code, code);
        assert.equal(ended.end.valueText, undefined);
        assert.ok((ended.failure?.message.length ?? 0) > 3);
        await nextIsRight();
      };
      test(`ends as ${code}: ${program}`, ends, needs);
    }

    test('ends a run that computes by its deadline', async () => {
      const ended = await run('for (;;);', { limits: { wallMs: 400, cpuMs: 60_000 } });
      assert.equal(ended.code, 'limit.time');
      await nextIsRight();
    });

    test(
      'says where in the program an error arose',
      async () => {
        const { failure } = await run('const a = 1;\n\n  throw new Error("here")');
        assert.equal(failure?.code, 'program.error');
        assert.equal(failure?.message, 'here');
        assert.equal(failure?.line, 3);
      },
      'places',
    );

    test('ends a run that is cancelled while it waits, and one that is busy', async () => {
      for (const code of ['await tools.fixture.never()', 'for (;;) await null', 'for (;;);']) {
        const abort = new AbortController();
        const ended = run(code, { signal: abort.signal, limits: { cpuMs: 60_000 } });
        setTimeout(() => abort.abort(), 60);
        assert.equal((await ended).code, 'request.cancelled');
      }
      assert.equal((await run('return 1', { signal: AbortSignal.abort() })).code, 'request.cancelled');
      await nextIsRight();
    });

    test('keeps logs in order, with their levels, up to the limit', async () => {
      const live: LogLine[] = [];
      const code = "console.log('a', 1); console.warn('b'); console.error('x'.repeat(500)); console.log('gone')";
      const ended = await run(code, { limits: { logBytes: 100 }, onLog: (line) => live.push(line) });
      assert.deepEqual(ended.end.logs.slice(0, 2), [
        { level: 'info', text: 'a 1' },
        { level: 'warn', text: 'b' },
      ]);
      assert.ok(ended.end.logs.reduce((sum, { text }) => sum + text.length, 0) <= 100);
      assert.equal(ended.end.logsDropped, 2);
      assert.deepEqual(live, ended.end.logs);
    });

    test('makes no call after the end', async () => {
      const ended = await run(
        "(async () => { for (;;) await tools.fixture.echo(1) })(); setTimeout(() => tools.fixture.echo(2), 10); return 'done'",
      );
      assert.equal(ended.value, 'done');
      await run('await new Promise((r) => setTimeout(r, 60))');
      assert.equal(ended.late.calls, 0);
    });

    test(
      'gives a run only what it was granted',
      async () => {
        const code = 'return [typeof tools, typeof console, typeof setTimeout, typeof crypto, typeof URL]';
        const none = 'undefined';
        assert.deepEqual((await run(code, { grants: [] })).value, [none, none, none, none, none]);
        const timers = await run(code, { grants: ['timers'] });
        assert.deepEqual(timers.value, [none, none, 'function', none, none]);
      },
      'grants',
    );

    test('keeps runs apart, in one tenant and in two', async () => {
      const leave = 'globalThis.x = 1; Array.prototype.x = 1; JSON.stringify = null; return 1';
      for (const tenant of ['a', 'a', 'b']) {
        const seen = await run('return [typeof x, typeof [].x, typeof JSON.stringify]', { tenant });
        assert.deepEqual(seen.value, ['undefined', 'undefined', 'function']);
        await run(leave, { tenant });
      }
    });

    test('runs many at once, each with its own', async () => {
      const numbers = Array.from({ length: runsAtOnce }, (_, n) => n);
      const code = 'return [params.n, await tools.fixture.slow({ n: params.n })]';
      const ended = await Promise.all(numbers.map((n) => run(code, { params: { n }, tenant: `t${n % 5}` })));
      assert.deepEqual(
        ended.map(({ value }) => value),
        numbers.map((n) => [n, { n }]),
      );
    });

    test('tells its figures', async () => {
      await run('return 1');
      const stats = backend.stats() as { backend?: unknown };
      assert.equal(stats.backend, backend.name);
      assert.deepEqual(JSON.parse(JSON.stringify(stats)), stats);
    });

    test('answers everything when it is closed, and refuses what comes later', async () => {
      const other = await open();
      const waiting = runOn(other, 'await tools.fixture.never()');
      await new Promise((resolve) => setTimeout(resolve, 50));
      await other.close();
      assert.equal((await waiting).code, 'request.shutdown');
      assert.equal((await runOn(other, 'return 1')).code, 'request.shutdown');
    });
  });
}
