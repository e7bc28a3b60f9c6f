import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { runProgram, startBackend } from './world.ts';

/** The language's own globals as the engine has them, without those that the prelude hides. */
const LANGUAGE = [
  'AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError',
  'Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Iterator JSON Map Math NaN',
  'Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError',
  'URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet decodeURI decodeURIComponent encodeURI',
  'encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape',
]
  .join(' ')
  .split(' ');
/** Always there beside the language. */
const ALWAYS = ['AbortController AbortSignal TextDecoder TextEncoder atob btoa params queueMicrotask structuredClone']
  .join(' ')
  .split(' ');
/** What stands on a capability, by its grant. */
const GRANTED: Record<string, string[]> = {
  tools: ['tools', 'search'],
  console: ['console'],
  clock: ['performance'],
  random: ['crypto'],
  timers: ['setTimeout', 'clearTimeout'],
  blobs: ['load'],
  content: ['emit'],
  context: ['context'],
  intents: ['intents'],
  url: ['URL', 'URLSearchParams'],
};

const NAMES = 'return Object.getOwnPropertyNames(globalThis)';

let backend: QuickJsBackend;
beforeAll(() => {
  backend = startBackend({ workersMax: 1 });
});
afterAll(() => backend.close());

async function answerOf(code: string, grants?: string[]) {
  const run = await runProgram(backend, code, grants ? { grants } : {});
  expect(run.failure).toBeUndefined();
  return run.value as never;
}

const sorted = (names: readonly string[]): string[] => [...names].sort();

describe('the globals of a guest', () => {
  it('are these and no others', async () => {
    const all = [...LANGUAGE, ...ALWAYS, ...Object.values(GRANTED).flat()];
    expect(sorted(await answerOf(NAMES))).toEqual(sorted(all));
  });

  it('are without those of a capability that is not granted', async () => {
    expect(sorted(await answerOf(NAMES, []))).toEqual(sorted([...LANGUAGE, ...ALWAYS]));
    for (const [grant, names] of Object.entries(GRANTED)) {
      expect(sorted(await answerOf(NAMES, [grant]))).toEqual(sorted([...LANGUAGE, ...ALWAYS, ...names]));
    }
  });

  it('are not enumerable, and the global has one symbol', async () => {
    expect(await answerOf('return Object.keys(globalThis)')).toEqual([]);
    expect(await answerOf('return Object.getOwnPropertySymbols(globalThis).map(String)')).toEqual([
      'Symbol(Symbol.toStringTag)',
    ]);
  });

  it('hold no way to make an InternalError', async () => {
    const code = `
      let caught; try { (function f() { f() })() } catch (error) { caught = error }
      const prototype = Object.getPrototypeOf(caught);
      return [caught.name, caught.constructor === Error, prototype.constructor === Error, typeof InternalError,
        Object.getOwnPropertyNames(prototype).sort()]`;
    expect(await answerOf(code)).toEqual([
      'InternalError',
      true,
      true,
      'undefined',
      ['constructor', 'message', 'name'],
    ]);
  });

  it('hide the engine’s own Date and random numbers', async () => {
    const code = `return [Date.prototype.constructor === Date, new Date().constructor === Date, Math.abs(Date.now() - params.now) < 6e4,
      Object.getOwnPropertyNames(performance), typeof performance.timeOrigin]`;
    const run = await runProgram(backend, code, { params: { now: Date.now() } });
    expect(run.value).toEqual([true, true, true, ['now'], 'undefined']);
  });
});

describe('two runs of one tenant', () => {
  it('never share a random number', async () => {
    const code = 'return [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(16))].join()]';
    const drawn = new Set<string>();
    for (let run = 1; run <= 8; run++) {
      const { value } = await runProgram(backend, code, { seed: [run, run * 7, run * 31, run * 101] });
      for (const one of value as string[]) drawn.add(String(one));
    }
    expect(drawn.size).toBe(24);
  });

  it('draw the same Math.random for the same seed, so that a run can be replayed', async () => {
    const code = 'return [Math.random(), Math.random()]';
    const [first, second] = [await runProgram(backend, code), await runProgram(backend, code)];
    expect(second.value).toEqual(first.value);
    expect((first.value as number[])[0]).not.toBe((first.value as number[])[1]);
  });

  it('never share a timer', async () => {
    await answerOf('setTimeout(() => { globalThis.late = 1 }, 10); return 1');
    expect(await answerOf('await new Promise((r) => setTimeout(r, 40)); return typeof late')).toBe('undefined');
  });

  it('never share a promise, nor the answer of a call', async () => {
    await answerOf("globalThis.kept = tools.fixture.slow('old').then(() => { globalThis.seen = 1 }); return 1");
    expect(await answerOf("const v = await tools.fixture.slow('new'); return [v, typeof kept, typeof seen]")).toEqual([
      'new',
      'undefined',
      'undefined',
    ]);
  });

  it('never share a prototype, a symbol’s property or a module', async () => {
    await answerOf(
      'Array.prototype.x = Function.prototype.x = Promise.prototype.x = 1; Symbol.iterator.constructor.x = 1; return 1',
    );
    expect(await answerOf('return [[].x, (() => {}).x, Promise.resolve().x, Symbol.x].map((v) => typeof v)')).toEqual(
      Array(4).fill('undefined'),
    );
  });

  it('number their calls and timers from the beginning', async () => {
    const code = 'const t = setTimeout(() => {}, 1e6); clearTimeout(t); return t';
    expect([await answerOf(code), await answerOf(code)]).toEqual([1, 1]);
  });
});

describe('repeat', () => {
  it('is the language’s own, only faster', async () => {
    const code = `const r = [];
      for (const n of [0, 1, 2, 3, 2047, 2048, 2049, 5000, 99999, 0.9, '3', null, undefined, NaN, 4096.7, { valueOf: () => 2 }]) {
        const times = Math.trunc(Number(n)) || 0;
        r.push('ab'.repeat(n) === Array(times + 1).join('ab'));
      }
      return r.every((same) => same)`;
    expect(await answerOf(code)).toBe(true);
    const wrong = `const r = [];
      for (const n of [-1, Infinity, 2 ** 30, 1n]) try { 'ab'.repeat(n); r.push('none') } catch (e) { r.push(e.name) }
      for (const t of [undefined, null, Symbol('x')]) try { ''.repeat.call(t, 9e3); r.push('none') } catch (e) { r.push(e.name) }
      return [r, ''.repeat.name, ''.repeat.length, 'é😀'.repeat(3000).length]`;
    expect(await answerOf(wrong)).toEqual([
      ['RangeError', 'RangeError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'],
      'repeat',
      1,
      9000,
    ]);
  });
});
