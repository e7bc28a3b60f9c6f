import { describe, expect, it } from 'vitest';
import { normalizeProgram } from '../../src/engine/normalize.ts';
import { plainCallOf } from '../../src/engine/plain-call.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';

function read(code: string, grants: readonly string[] = ['tools'], argumentBytes = DEFAULT_LIMITS.argumentBytes) {
  return plainCallOf(normalizeProgram(code, 1_000_000), grants, { ...DEFAULT_LIMITS, argumentBytes });
}

const CALL = { server: 'a', tool: 'b', args: {}, raw: false };

describe('a program that is one plain call', () => {
  it.each([
    ['return await tools.a.b()', CALL],
    ['return tools.a.b({});', CALL],
    ['tools.a.b()', CALL],
    ['await tools["a"]["b"]({})', CALL],
    ['// a comment\nreturn await tools.a.b({ x: 1 }) // and one more', { ...CALL, args: { x: 1 } }],
    ['return await tools.a.$raw.b()', { ...CALL, raw: true }],
    [
      "return await tools.a.b({ s: 'x', 't-t': `y`, n: -1.5, l: [1, null, true, { deep: [] }] })",
      { ...CALL, args: { s: 'x', 't-t': 'y', n: -1.5, l: [1, null, true, { deep: [] }] } },
    ],
  ])('is seen in %j', (code, call) => {
    expect(read(code)).toEqual(call);
  });

  it.each([
    'return await tools.a.b({ x: y })',
    'return await tools.a.b({ x: params.x })',
    'return await tools.a.b({ ...params })',
    'return await tools.a.b({ x })',
    'return await tools.a.b({ get x() { return 1 } })',
    'return await tools.a.b({ x() {} })',
    'return await tools.a.b({ [k]: 1 })',
    'return await tools.a.b({ __proto__: null })',
    'return await tools.a.b({ x: 1, x: 2 })',
    'return await tools.a.b({ x: /r/ })',
    'return await tools.a.b({ x: 1n })',
    'return await tools.a.b({ x: undefined })',
    'return await tools.a.b({ x: -0 })',
    'return await tools.a.b({ x: 1e999 })',
    'return await tools.a.b({ x: `$'.concat('{1}` })'),
    'return await tools.a.b([1,,2])',
    'return await tools.a.b({}, {})',
    'return await tools.a.b(...[{}])',
    'return await tools?.a.b({})',
    'return await tools.a?.b({})',
    'return await tools.a.b?.({})',
    'return await tools.a.b({}).x',
    'return (await tools.a.b({})).x',
    'return await tools.a({})',
    'return await tools.a.b.c({})',
    'return await tools[a].b({})',
    'return await tools.a.then({})',
    'return await tools.a.$raw({})',
    'return await tools.a.$raw.$raw({})',
    'return tools.a.b',
    'return await new tools.a.b({})',
    'return await tools.a.b`x`',
    'console.log(1); return await tools.a.b({})',
    'const tools = fake; return await tools.a.b({})',
    '"use strict"; tools.a.b()',
    'function tools() {} tools.a.b()',
    'if (true) tools.a.b()',
  ])('is not seen in %j', (code) => {
    expect(read(code)).toBeUndefined();
  });

  it('is left to a guest that would be refused it, or whose arguments are too long for one', () => {
    expect(read('return tools.a.b()', ['console'])).toBeUndefined();
    expect(read("return tools.a.b({ x: 'yyyyyyyyyyyyyyyyyyyy' })", ['tools'], 30)).toBeUndefined();
  });
});
