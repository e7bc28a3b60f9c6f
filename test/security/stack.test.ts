/**
 * The stack pair: 256 KiB of guest stack on a worker of 16 MiB. Whatever recurses, the guest's stack ends first: V8's own
 * RangeError would cut through the engine's frames, and the guest could not be trusted afterwards.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/sandbox/limits.ts';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { runProgram, startBackend } from '../sandbox/world.ts';
import { loadCorpus, sourceOf } from './corpus.ts';

const PROGRAMS = ['open.jsonl', 'own.jsonl']
  .flatMap(loadCorpus)
  .filter(({ category }) => category === 'stack')
  .map((program) => ({ name: program.name, code: sourceOf(program) }));

/** The same recursion once more inside a host call's frame, a job, a getter under a builtin: more native stack for each. */
const UNDER = {
  'in a job': (code: string) => `return await Promise.resolve().then(async () => { ${code} })`,
  'in a comparator in a getter': (code: string) =>
    `const o = { get a() { return [2, 1].sort(() => { (async () => { ${code} })().catch((e) => { o.e = e }); return 0 }) } }; o.a; await null; if (o.e) throw o.e; return 1`,
};

let backend: QuickJsBackend;
beforeAll(() => {
  expect(LIMITS.stackBytes.max).toBe(256 * 1024);
  backend = startBackend({ workersMax: 1 });
});
afterAll(() => backend.close());

async function check(code: string): Promise<void> {
  const run = await runProgram(backend, code, { limits: { wallMs: 4_000, cpuMs: 4_000 } });
  // A RangeError of V8's would be worded by the host as limit.stack, and the guest's own words would be missing below.
  expect(['completed', 'limit', 'program']).toContain(run.code.split('.')[0]);
  const next = await runProgram(backend, 'return [1, 2, 3].map((x) => x * 2)');
  expect(next.value).toEqual([2, 4, 6]);
}

describe('a guest stack of 256 KiB on a worker stack of 16 MiB', () => {
  it.each(PROGRAMS)('ends before the worker’s own: $name', ({ code }) => check(code));

  for (const [place, wrap] of Object.entries(UNDER)) {
    it.each(PROGRAMS.filter(({ code }) => code.length < 5_000))(
      `ends before the worker’s own ${place}: $name`,
      ({ code }) => check(wrap(code)),
    );
  }

  it.each([
    ['calls', 'function f() { f() }'],
    ['getters', 'const o = { get a() { return this.a } }; const f = () => o.a'],
    ['JSON.parse', "const f = () => JSON.parse('['.repeat(1e6))"],
    ['JSON.stringify', 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; const f = () => JSON.stringify(a)'],
    ['the compiler', "const f = () => (0, eval)('('.repeat(1e5) + '1' + ')'.repeat(1e5))"],
    ['regular expressions', "const f = () => new RegExp('('.repeat(1e5) + ')'.repeat(1e5))"],
    ['proxies', 'let q = {}; for (let i = 0; i < 1e4; i++) q = new Proxy(q, {}); const f = () => q.x'],
  ])('gives a program an error that it can catch, and goes on: %s', async (_, code) => {
    // A native overflow would end the run; an error of the guest's own is caught, many times over.
    const source = `${code}; let caught = 0; for (let i = 0; i < 3; i++) { try { f() } catch { caught++ } } return caught`;
    const run = await runProgram(backend, source, { limits: { wallMs: 15_000, cpuMs: 15_000 } });
    expect(run.failure).toBeUndefined();
    expect(run.value).toBe(3);
  });
});
