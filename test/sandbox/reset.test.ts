import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { assetBytes, QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { bootTemplate } from '../../src/sandbox/quickjs/guest-maker.ts';
import { createEngine } from '../../src/sandbox/quickjs/instance.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/sandbox/quickjs/snapshot.ts';
import { drive, openWorkshop, type Workshop } from './guest-driver.ts';

const CANARY = 'canary-7f3a91c2';

/** Every kind of clean end, each leaving as much behind as it can. `C` is the canary. */
const CLEAN_RUNS: Record<string, string> = {
  'nothing at all': 'return 1',
  'many strings': "const a = []; for (let i = 0; i < 2000; i++) a.push(C + i); return a.join('').length",
  'a rope and its flat copy': 'let s = C; for (let i = 0; i < 12; i++) s += s; return s.charCodeAt(9)',
  'promises and their reactions':
    'await Promise.all(Array.from({ length: 500 }, async (_, i) => { await null; return C + i })); return 1',
  'a promise that is never settled': 'new Promise(() => C); return 1',
  'timers that fired and timers that did not':
    'await new Promise((r) => setTimeout(r, 2, C)); setTimeout(() => C, 60000); return 1',
  'logs of every kind':
    'for (const f of [console.log, console.warn, console.error]) f(C, { C }, [C], new Error(C)); return 1',
  'an exception that ends it': 'throw new Error(C)',
  'an exception of no class': 'throw C',
  'a result that is not JSON': 'return BigInt(1)',
  'exceptions that are caught': 'for (let i = 0; i < 200; i++) { try { null[C] } catch (e) { void e.stack } } return 1',
  'arrays that were freed':
    'for (let k = 0; k < 5; k++) { let a = []; for (let i = 0; i < 300; i++) a.push((C + i).repeat(90)); a = null } return 1',
  'one large buffer that was freed': 'let a = new Uint8Array(3e6).fill(65); a = null; return 1',
  'regular expressions': "return (C + ' ').repeat(500).match(/(c)(a)(n)(a)(r)(y)/g).length + /(.)*x/.test(C)",
  'deep but allowed recursion': 'const f = (n, a) => (n ? f(n - 1, a + n) + 1 : 0); return f(500, C)',
  'recursion over the end, caught': 'let n = 0; const f = () => { n++; f() }; try { f() } catch {} return n > 100',
  'a getter’s recursion, caught': 'const o = { get a() { return this.a + 1 } }; try { o.a } catch {} return 1',
  'Date, Math.random and crypto':
    'return [new Date(), String(new Date(2020, 1, 1)), Math.random(), crypto.randomUUID(), performance.now()].length',
  'sorting, with a comparator': 'return Array.from({ length: 5000 }, () => Math.random()).sort((a, b) => a - b).length',
  'changed builtins and globals':
    'JSON.parse = Array.prototype.map = null; Object.prototype.x = C; globalThis[C] = 1; delete globalThis.Map; return 1',
  'frozen builtins': '[Object, Array, Promise, globalThis].forEach(Object.freeze); return 1',
  'symbols, maps, weak maps':
    'globalThis.k = [Symbol.for(C), new Map([[C, C]]), new WeakMap([[{}, C]]), new Set([C])]; return 1',
  'classes, generators, proxies':
    'class A { static s = C } function* g() { yield C } globalThis.k = [A, [...g()], new Proxy({}, { get: () => C })]; return 1',
  'code made at run time': "return new Function('return ' + JSON.stringify(C))().length + (0, eval)('1')",
  'calls of tools': 'return await tools.fixture.echo({ C })',
  'calls that are left without an answer': 'tools.fixture.never({ C }); return 1',
  parameters: 'return params.secret.length',
  'typed arrays and buffers of every kind':
    'globalThis.k = [new Float64Array(9000).fill(1.5), new DataView(new ArrayBuffer(99)), new BigInt64Array(9)]; return 1',
};

let shop: Workshop;
let freshHash: string;

function hashOf(memory: WebAssembly.Memory): string {
  return createHash('sha256').update(new Uint8Array(memory.buffer)).digest('hex');
}

beforeAll(() => {
  shop = openWorkshop();
  freshHash = hashOf(shop.maker.make().memory);
});

describe('a reset guest', () => {
  it.each(Object.entries(CLEAN_RUNS))('is byte for byte a fresh one after %s', async (_, code) => {
    const guest = shop.maker.make();
    const end = await drive(guest, `const C = ${JSON.stringify(CANARY)}; ${code}`, {
      limits: { wallMs: 10_000, cpuMs: 10_000 },
      paramsText: JSON.stringify({ secret: CANARY }),
      answer: ({ text }) => (text.includes('never') ? undefined : { ok: true, text: JSON.stringify([CANARY]) }),
    });
    expect(end.clean).toBe(true);
    const memory = Buffer.from(guest.memory.buffer);
    // The canary is there before the reset, so that its absence afterwards says something.
    expect(memory.includes(CANARY)).toBe(true);
    guest.reset();
    expect(memory.includes(CANARY)).toBe(false);
    expect(hashOf(guest.memory)).toBe(freshHash);
  });

  it('stays so over many runs of one guest', async () => {
    const guest = shop.maker.make();
    for (const code of Object.values(CLEAN_RUNS).slice(0, 12)) {
      const end = await drive(guest, `const C = ${JSON.stringify(CANARY)}; ${code}`);
      expect(end.clean).toBe(true);
      guest.reset();
    }
    expect(hashOf(guest.memory)).toBe(freshHash);
  });

  it('gives the answers of a fresh one', async () => {
    const guest = shop.maker.make();
    const code = "return [Math.random(), Object.getOwnPropertyNames(globalThis).length, [3, 1, 2].sort().join('')]";
    const first = await drive(guest, code);
    guest.reset();
    const second = await drive(guest, code);
    expect(second.valueText).toBe(first.valueText);
    expect(second.memoryPeakBytes).toBe(first.memoryPeakBytes);
  });
});

describe('an end that is not clean', () => {
  it.each([
    ['too much time', 'for (;;);', { cpuMs: 30 }],
    ['too much memory', 'const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))', { memoryBytes: 20 * 1024 * 1024 }],
    ['refused memory that was caught', 'try { new ArrayBuffer(1e9) } catch {} return 1', {}],
    ['a stack overflow', 'const f = () => f(); f()', {}],
    ['a stall', 'await new Promise(() => {})', {}],
    ['memory that has grown', 'let a = new Uint8Array(2e7); a = null; return 1', {}],
    ['a heap that is large to keep', 'let a = new Uint8Array(7e6); a = null; return 1', {}],
    ['code that still ran after the value', 'Promise.resolve().then(() => {}).then(() => { for (;;); }); return 1', {}],
  ])('is marked for a guest with %s', async (_, code, limits) => {
    const end = await drive(shop.maker.make(), code, { limits: { wallMs: 10_000, ...limits } });
    expect(end.clean).toBe(false);
  });

  it('is marked for a guest whose engine was cut short after the value was there', async () => {
    // This thread's stack is too small for so deep a value: V8's own error cuts through the engine.
    const code = `let deep = []; for (let i = 0; i < 2e4; i++) deep = [deep];
      let later = Promise.resolve(); for (let i = 0; i < 9; i++) later = later.then(() => {});
      later.then(() => { JSON.stringify(deep) }); return 1`;
    const end = await drive(shop.maker.make(), code, { limits: { wallMs: 20_000, cpuMs: 20_000 } });
    expect(end.valueText).toBe('1');
    expect(end.clean).toBe(false);
  });

  it('is marked for a guest with a program that the engine refuses', async () => {
    const end = await drive(shop.maker.make(), '(async function(){ return ( })', { asIs: true });
    expect(end.failure?.code).toBe('program.syntax');
    expect(end.clean).toBe(false);
  });
});

describe('a snapshot file', () => {
  it('comes back as it was', () => {
    const file = encodeSnapshot(shop.snapshot, 'engine');
    const again = decodeSnapshot(file, 'engine');
    expect(again.template).toEqual(shop.snapshot.template);
    expect(again.entries).toEqual(shop.snapshot.entries);
    expect(again.runs.map(({ start, bytes }) => [start, Buffer.from(bytes).toString('base64').length])).toEqual(
      shop.snapshot.runs.map(({ start, bytes }) => [start, Buffer.from(bytes).toString('base64').length]),
    );
  });

  it('is the same each time it is made of the same prelude', () => {
    const prelude = readFileSync(join(import.meta.dirname, '../../dist/prelude.js'), 'utf8');
    const { memoryBytes, stackBytes } = DEFAULT_LIMITS;
    const made = bootTemplate(createEngine(shop.wasm), prelude, memoryBytes, stackBytes);
    expect(Buffer.compare(encodeSnapshot(made, QUICKJS_WASM_SHA256), assetBytes('guest.snapshot'))).toBe(0);
  });

  it('is not made of a prelude that fails', () => {
    const { memoryBytes, stackBytes } = DEFAULT_LIMITS;
    expect(() => bootTemplate(createEngine(shop.wasm), 'throw 1', memoryBytes, stackBytes)).toThrow(/prelude failed/);
    expect(() => bootTemplate(createEngine(shop.wasm), '() => { throw 1 }', memoryBytes, stackBytes)).toThrow(
      /prelude failed/,
    );
  });

  it('is refused when it belongs to another engine', () => {
    expect(() => decodeSnapshot(encodeSnapshot(shop.snapshot, 'one'), 'another')).toThrow(/another engine/);
  });
});
