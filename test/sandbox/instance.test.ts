import { beforeAll, describe, expect, it } from 'vitest';
import { assetBytes } from '../../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { BELLARD_2025_09 } from '../../src/sandbox/quickjs/engine-build.ts';
import {
  createEngine,
  GuestMemoryError,
  INITIAL_PAGES,
  type InstanceHooks,
} from '../../src/sandbox/quickjs/instance.ts';
import { readBreak } from '../../src/sandbox/quickjs/snapshot.ts';

const MiB = 1024 * 1024;
const PRELUDE = '(host) => [host]';

let wasm: WebAssembly.Module;
beforeAll(() => {
  wasm = new WebAssembly.Module(assetBytes('quickjs.wasm'));
});

function hooks(overrides: Partial<InstanceHooks> = {}): InstanceHooks {
  return {
    hostCall: () => undefined,
    shouldInterrupt: () => false,
    growthLimitBytes: () => 64 * MiB,
    growthRefused: () => undefined,
    ...overrides,
  };
}

function boot(overrides: Partial<InstanceHooks> = {}, memoryBytes = 64 * MiB) {
  const instance = createEngine(wasm).create(memoryBytes, hooks(overrides));
  const prelude = instance.boot(DEFAULT_LIMITS.stackBytes, PRELUDE);
  expect(prelude.threw).toBe(false);
  return instance;
}

describe('an engine instance', () => {
  it('keeps its heap’s break where the table says', () => {
    const instance = boot();
    const before = readBreak(instance.memory, BELLARD_2025_09.breakAddress);
    const bytes = 3 * MiB;
    const pointer = instance.allocate(bytes);
    const after = readBreak(instance.memory, BELLARD_2025_09.breakAddress);
    expect(after - before).toBeGreaterThanOrEqual(bytes - 64 * 1024);
    expect(after - before).toBeLessThan(bytes + 128 * 1024);
    expect(pointer + bytes).toBeLessThanOrEqual(after);
    instance.free(pointer);
    // The allocator never gives memory back: a reset relies on it.
    expect(readBreak(instance.memory, BELLARD_2025_09.breakAddress)).toBe(after);
  });

  it('evaluates text and reads text back, whatever characters it holds', () => {
    const instance = boot();
    for (const text of ['', 'plain', 'é😀 �', 'x'.repeat(100_000), `${'é'.repeat(300)}`]) {
      const result = instance.evaluate(JSON.stringify(text));
      expect(result.threw).toBe(false);
      expect(instance.readText(result.pointer)).toBe(text);
      instance.release(result.pointer);
    }
  });

  it('hands a host call over as text and its reply back', () => {
    const heard: string[] = [];
    const instance = boot({
      hostCall: (text) => {
        heard.push(text);
        return text === 'silent' ? undefined : `${text}!`;
      },
    });
    const call = instance.evaluate('(h) => h("a") + typeof h("silent")');
    const host = instance.evaluate('0');
    const prelude = instance.boot(DEFAULT_LIMITS.stackBytes, PRELUDE);
    const bridge = instance.element(prelude.pointer, 0);
    instance.release(host.pointer);
    const again = instance.evaluate('(h) => h("a") + typeof h("silent")');
    const result = instance.call(again.pointer, [bridge]);
    expect(result.threw).toBe(false);
    expect(instance.readText(result.pointer)).toBe('a!undefined');
    expect(heard).toEqual(['a', 'silent']);
    expect(call.threw).toBe(false);
  });

  it('answers nothing to a host call of another form', () => {
    const instance = boot({ hostCall: () => 'never' });
    const prelude = instance.boot(DEFAULT_LIMITS.stackBytes, PRELUDE);
    const bridge = instance.element(prelude.pointer, 0);
    const program = instance.evaluate('(h) => typeof h() + typeof h("a", "b")');
    expect(instance.readText(instance.call(program.pointer, [bridge]).pointer)).toBe('undefinedundefined');
  });

  it('reports what guest code throws, as a value', () => {
    const instance = boot();
    expect(instance.evaluate('throw "x"').threw).toBe(true);
    expect(instance.evaluate('syntax error').threw).toBe(true);
  });

  it('lives in UTC and has no clock of its own', () => {
    const instance = boot();
    const text = (source: string): string => instance.readText(instance.evaluate(`String(${source})`).pointer);
    expect(text('new Date(1e12).getTimezoneOffset()')).toBe('0');
    expect(text('new Date(2001, 8, 9, 1, 46, 40).getTime()')).toBe('1000000000000');
    expect(text('new Date(-1).getFullYear()')).toBe('1969');
    expect(text('Date.now()')).toBe('0');
  });

  it('has no modules to load', () => {
    const instance = boot();
    const program = instance.evaluate(
      'globalThis.r = "open"; import("fs").then(() => { r = "in" }, () => { r = "refused" })',
    );
    expect(program.threw).toBe(false);
    while (instance.jobsPending()) instance.runJobs(8);
    expect(instance.readText(instance.evaluate('r').pointer)).toBe('refused');
  });

  it('stops at the interrupt, and no catch of the program’s holds it', () => {
    let asked = 0;
    const instance = boot({ shouldInterrupt: () => ++asked > 3 });
    expect(instance.evaluate('for(;;) { try { for(;;); } catch {} }').threw).toBe(true);
    expect(asked).toBe(4);
  });

  it('grows to what is allowed and not further', () => {
    let limit = 20 * MiB;
    let refused = 0;
    const instance = boot({ growthLimitBytes: () => limit, growthRefused: () => refused++ });
    expect(instance.memory.buffer.byteLength).toBe(INITIAL_PAGES * 65_536);
    const source =
      '(() => { const a = []; try { for (;;) a.push(new ArrayBuffer(65536)) } catch { return "" + a.length } })()';
    instance.evaluate(source);
    expect(refused).toBeGreaterThan(0);
    expect(instance.memory.buffer.byteLength).toBeLessThanOrEqual(limit);
    limit = 30 * MiB;
    const result = instance.evaluate(source);
    expect(result.threw).toBe(false);
    expect(instance.memory.buffer.byteLength).toBeGreaterThan(20 * MiB);
    expect(instance.memory.buffer.byteLength).toBeLessThanOrEqual(limit);
  });

  it('never grows beyond the memory’s own maximum, whatever it is allowed', () => {
    let refused = 0;
    const instance = boot({ growthLimitBytes: () => 1024 * MiB, growthRefused: () => refused++ }, 18 * MiB);
    instance.evaluate('const a = []; try { for (;;) a.push(new ArrayBuffer(65536)) } catch {}');
    expect(refused).toBeGreaterThan(0);
    expect(instance.memory.buffer.byteLength).toBeLessThanOrEqual(18 * MiB);
  });

  it('says so when a text does not fit', () => {
    const instance = boot({ growthLimitBytes: () => 16 * MiB });
    expect(() => instance.newText('x'.repeat(17 * MiB))).toThrow(GuestMemoryError);
  });

  it('keeps guest code within the stack that it is given', () => {
    const instance = boot();
    const depth = (): number => {
      instance.limitStack(depthLimit);
      const result = instance.evaluate(
        '(() => { let n = 0; const f = () => { n++; f() }; try { f() } catch {} return "" + n })()',
      );
      return Number(instance.readText(result.pointer));
    };
    let depthLimit = 128 * 1024;
    const deep = depth();
    depthLimit = 64 * 1024;
    const shallow = depth();
    expect(shallow).toBeGreaterThan(10);
    expect(deep).toBeGreaterThan(shallow * 1.5);
  });
});
