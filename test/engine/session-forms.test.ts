/** How the declarations of a session's program are rewritten: what stands where, and that nothing moves. */
import { afterAll, describe, expect, it } from 'vitest';
import { newExecutionId } from '../../src/core/ids.ts';
import { normalizeProgram } from '../../src/engine/normalize.ts';
import { positionInText } from '../../src/engine/program-forms.ts';
import { GUEST_GLOBALS } from '../../src/engine/session-forms.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { GRANTS } from './check/harness.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
afterAll(() => backend.close());

const sourceOf = (code: string): string => normalizeProgram(code, 1e6, 'session').source;
const bodyOf = (code: string): string => {
  const source = sourceOf(code);
  return source.slice(source.indexOf('(async function(){') + '(async function(){'.length, -'\n})'.length);
};

describe('a program of a session', () => {
  it.each<[string, string]>([
    ['const a = 1;', '      ;(a = 1);;'],
    ['let a', '    ;(a=void 0);'],
    ['var a', '    ;(a);'],
    ['let a, b = 2, [c] = b', '    ;(a=void 0, b = 2, [c] = b);'],
    ['const { a, ...b } = c', '      ;({ a, ...b } = c);'],
    ['class A {}', ';A=class A {};'],
    ['export const a = 1', '             ;(a = 1);'],
    ['if (x) { let a = 1 }', 'if (x) { let a = 1 }'],
    ['const search = 1', 'const search = 1'],
    ['a = 1', 'return(a = 1)'],
  ])('becomes, for `%s`, `%s`', (code, expected) => {
    expect(bodyOf(code)).toBe(expected);
  });

  it('names its variables before the function, and its functions at its beginning', () => {
    expect(sourceOf('const a = f();\nfunction f() {}\nasync function* g() {}')).toBe(
      'var a,f,g;(async function(){Object.defineProperty(f=f$0,"name",{value:"f",configurable:true});Object.defineProperty(g=g$0,"name",{value:"g",configurable:true});      ;(a = f());;\nfunction f$0() {}\nasync function* g$0() {}\n})',
    );
  });

  it('takes a suffix that the text does not hold', () => {
    expect(sourceOf('function f() { return f$0 + f$1 }')).toContain('function f$2() { return f$0 + f$1 }');
  });

  it('has every token on its own line, and its columns lead back', () => {
    const code = 'const a = 1, b = 2;\nfunction f() { return mark }\nclass C { m() { mark } }\nlet c; mark';
    const program = normalizeProgram(code, 1e6, 'session');
    const lines = program.source.split('\n');
    const found = lines.flatMap((text, line) => {
      const column = text.indexOf('mark');
      return column < 0 ? [] : [positionInText(program, line + 1, column + 1)];
    });
    const wanted = code.split('\n').flatMap((text, line) => {
      const column = text.indexOf('mark');
      return column < 0 ? [] : [{ line: line + 1, column: column + 1 }];
    });
    expect(found).toEqual(wanted);
  });

  it('is as it was where it is none of a session', () => {
    expect(normalizeProgram('const a = 1; a', 1e6).source).toBe('(async function(){const a = 1; return(a)\n})');
  });
});

describe('the names that a session does not keep', () => {
  it('are those of the globals that a guest has', async () => {
    const end = await backend.run({
      executionId: newExecutionId(),
      tenant: 'test',
      source: '(async function(){return Object.getOwnPropertyNames(globalThis)})',
      paramsText: '{}',
      grants: GRANTS,
      limits: DEFAULT_LIMITS,
      seed: [1, 2, 3, 4],
      signal: new AbortController().signal,
      hostCall: async () => ({ ok: true, text: 'null' }),
    });
    const globals = JSON.parse(end.valueText ?? '[]') as string[];
    expect(globals.filter((name) => !GUEST_GLOBALS.has(name))).toEqual([]);
    // What is not there yet, or only with a capability that no run has.
    const more = [...GUEST_GLOBALS].filter((name) => !globals.includes(name));
    expect(more.filter((name) => !['fetch', 'intents'].includes(name))).toEqual([]);
  });
});
