/** Runs of a chain on real workers: handed over at once, run one after the other, in their order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newExecutionId } from '../../src/core/ids.ts';
import { normalizeProgram } from '../../src/engine/normalize.ts';
import type { HostCall, RunChain, RunEnd } from '../../src/sandbox/backend.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { ALL_GRANTS, startBackend } from './world.ts';

let backend: QuickJsBackend;
beforeAll(() => {
  backend = startBackend({ workersMax: 2 });
});
afterAll(() => backend.close());

interface More {
  readonly limits?: typeof DEFAULT_LIMITS;
  readonly signal?: AbortSignal;
  hostCall?(call: HostCall): Promise<{ ok: boolean; text: string }>;
}

let seed = 1;
function run(chain: RunChain | undefined, code: string, more: More = {}): Promise<RunEnd> {
  const { limits = DEFAULT_LIMITS, signal = new AbortController().signal } = more;
  return backend.run({
    executionId: newExecutionId(),
    tenant: 'chain',
    source: normalizeProgram(code, 10_000).source,
    paramsText: '{}',
    grants: ALL_GRANTS,
    limits,
    seed: [1, 2, 3, seed++],
    signal,
    ...(chain === undefined ? {} : { chain }),
    hostCall: more.hostCall ?? (async () => ({ ok: true, text: 'null' })),
  });
}

/** Answers each call after a moment and notes who called. */
function noting(order: string[], name: string): More {
  return {
    async hostCall() {
      order.push(`${name} calls`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(`${name} is answered`);
      return { ok: true, text: 'null' };
    },
  };
}

const CALL = 'await tools.a.b(); return 1';

describe('a chain of runs', () => {
  it('keeps the order of its runs, also of what they call', async () => {
    const order: string[] = [];
    const chain = {};
    const ends = await Promise.all(['one', 'two', 'three'].map((name) => run(chain, CALL, noting(order, name))));
    expect(ends.map(({ valueText }) => valueText)).toEqual(['1', '1', '1']);
    expect(order).toEqual(['one', 'two', 'three'].flatMap((name) => [`${name} calls`, `${name} is answered`]));
  });

  it('lets runs of no chain, and of others, run meanwhile', async () => {
    const order: string[] = [];
    const [first, second] = [{}, {}];
    await Promise.all([
      run(first, CALL, noting(order, 'a')),
      run(first, CALL, noting(order, 'b')),
      run(second, CALL, noting(order, 'c')),
      run(undefined, CALL, noting(order, 'd')),
    ]);
    expect(order.indexOf('b calls')).toBeGreaterThan(order.indexOf('a is answered'));
    expect(order.indexOf('c calls')).toBeLessThan(order.indexOf('b calls'));
    expect(order.indexOf('d calls')).toBeLessThan(order.indexOf('b calls'));
  });

  it('goes on after a run that failed, with a guest as it was before', async () => {
    const chain = {};
    const ends = await Promise.all([
      run(chain, 'globalThis.mark = 1; return 1'),
      run(chain, 'throw new Error("no")'),
      run(chain, 'for (;;);', { limits: { ...DEFAULT_LIMITS, cpuMs: 30 } }),
      run(chain, 'return typeof mark'),
    ]);
    expect(ends.map(({ valueText, failure }) => failure?.code ?? valueText)).toEqual([
      '1',
      'program.error',
      'limit.cpu',
      '"undefined"',
    ]);
  });

  it('counts the time of a run from its own beginning', async () => {
    const chain = {};
    const wait = 'await new Promise((resolve) => setTimeout(resolve, 120)); return 1';
    const limits = { ...DEFAULT_LIMITS, wallMs: 200 };
    const ends = await Promise.all([
      run(chain, wait, { limits }),
      run(chain, wait, { limits }),
      run(chain, wait, { limits }),
    ]);
    expect(ends.map(({ failure }) => failure?.code)).toEqual([undefined, undefined, undefined]);
    for (const { usage } of ends) expect(usage.wallMs).toBeLessThan(220);
  });

  it('drops a waiting run that is cancelled, and what waits for it still runs', async () => {
    const chain = {};
    const stop = new AbortController();
    const order: string[] = [];
    const first = run(chain, CALL, noting(order, 'first'));
    const second = run(chain, CALL, { ...noting(order, 'second'), signal: stop.signal });
    const third = run(chain, CALL, noting(order, 'third'));
    stop.abort();
    expect((await second).failure?.code).toBe('request.cancelled');
    expect((await second).usage.guestCpuMs).toBe(0);
    expect((await first).valueText).toBe('1');
    expect((await third).valueText).toBe('1');
    expect(order.filter((what) => what.startsWith('second'))).toEqual([]);
  });

  it('calls nothing after a cancel, also when the cancel meets a run that hears no message', async () => {
    const chain = {};
    const stop = new AbortController();
    const order: string[] = [];
    const more = { ...noting(order, 'late'), signal: stop.signal };
    const ends = [run(chain, 'for (;;);', { signal: stop.signal }), run(chain, CALL, more), run(chain, CALL, more)];
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    await Promise.all(ends);
    expect((await ends[0])?.failure?.code).toBe('request.cancelled');
    expect(order).toEqual([]);
  });

  it('may be longer than any stack', async () => {
    const chain = {};
    const ends = await Promise.all(Array.from({ length: 2_000 }, (_, n) => run(chain, `return ${n}`)));
    expect(ends.map(({ valueText }) => Number(valueText))).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  });

  it('goes on after it has been at rest', async () => {
    const chain = {};
    expect((await run(chain, 'return 1')).valueText).toBe('1');
    expect((await run(chain, 'return 2')).valueText).toBe('2');
  });
});
