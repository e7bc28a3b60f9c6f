// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are programs
import { parse } from 'acorn';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnEraserThread } from '../../src/app/type-eraser-thread.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { byteLength } from '../../src/core/json.ts';
import type { Executor } from '../../src/engine/execute.ts';
import { normalizeProgram, normalizeTyped } from '../../src/engine/normalize.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import { TypeEraser } from '../../src/engine/type-eraser.ts';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { executorOver, FakeTools, listening } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

let backend: QuickJsBackend;
let executor: Executor;
const types = new TypeEraser({ spawn: spawnEraserThread });

beforeAll(() => {
  backend = startRealBackend();
  executor = executorOver(backend, new FakeTools({}), { types });
});
afterAll(async () => {
  await backend.close();
  await types.close();
});

const run = (code: string): Promise<Outcome> => executor.execute({ code, params: { k: 11 } }, listening());

describe('a program in the guest', () => {
  it.each<[form: string, code: string, value: unknown]>([
    ['statements with return', 'const a = 1;\nreturn a + 1;', 2],
    ['a return without a value', 'return', null],
    ['nothing at all', ' // only a comment', null],
    ['an expression', '1 + 1', 2],
    ['an expression behind statements', 'const a = 2;\na * 2', 4],
    ['an expression, a semicolon and comments', 'const a = 2; a * 2 /* twice */ ; // done', 4],
    ['an expression and empty statements', 'const a = 1; (a\n)\n/* c */ ;;', 1],
    ['a comment without a line break behind the expression', '5 // five', 5],
    ['an await', 'await Promise.resolve(3)', 3],
    ['an assignment', 'let x; x = 5', 5],
    ['a template', 'const n = 1; `n${n}`', 'n1'],
    ['a string', '"hello"', 'hello'],
    ['a parenthesised object', 'const a = 1; ({ a })', { a: 1 }],
    ['an object', '{ a: 1, "b": [2] };', { a: 1, b: [2] }],
    ['an object with one key, which is also a block', '{ a: 1 }', { a: 1 }],
    ['a block', '{ const a = 1; return a }', 1],
    ['a statement that starts with an operator', 'let x = 1\n++x', 2],
    ['a declaration at the end', 'const a = 1', null],
    ['an arrow', '(p) => p.k', 11],
    ['an arrow with a comment behind it', 'async () => 5 //', 5],
    ['an async arrow behind a comment', '// head\nasync (p) => { return p.k };', 11],
    ['an arrow behind declarations', 'const twice = (n) => 2 * n;\nasync (p) => twice(p.k)', 22],
    ['a parenthesised arrow', '(async (p) => p.k)', 11],
    ['a called arrow', '(async () => { return 4 })()', 4],
    ['a nameless function', 'function (p) { return p.k }', 11],
    ['a nameless async function', 'async function (p) { return p.k };', 11],
    ['one function', 'function anyName(p) { return p.k }', 11],
    ['one async function', 'async function main() { return 7 }', 7],
    ['a function that is called', 'async function main() { return 8 }\nawait main();', 8],
    [
      'main and what it needs, not called',
      'const a = 1;\nfunction b() { return a }\nasync function main() { return b() }',
      1,
    ],
    ['main as a constant', 'const main = async (p) => p.k', 11],
    ['functions of which none is main', 'function a() {}\nfunction b() {}', null],
    ['export default of a function', 'export default function run(p) { return p.k }', 11],
    ['export default of an arrow', 'export default async (p) => p.k', 11],
    ['export default of a nameless function', 'export default function () { return later }\nconst later = 4;', 4],
    [
      'export default between statements',
      'const a = 1;\nexport default async function run(p) { return help(p) }\nfunction help(p) { return p.k + a }',
      12,
    ],
    ['export default and a last expression', 'export default (p) => p.k;\nconsole.log("ready")', 11],
    [
      'export default of a function that is called as well',
      'let n = 0; export default function f() { return ++n }\nf();',
      1,
    ],
    ['export default of a name', 'function main() { return 3 }\nexport default main', 3],
    ['export default of a value', 'export default 5', 5],
    ['export default on its own lines', 'export\ndefault\n() => 1', 1],
    ['a named export', 'export const a = 2; export default () => a', 2],
    ['a directive', '"use strict"; return (function () { return this === undefined })()', true],
    ['a hashbang', '#!/usr/bin/env node\nreturn 2', 2],
    ['a byte order mark', '\ufeffreturn 3', 3],
    ['lines that end in CRLF', 'const a = 4;\r\nreturn a\r\n', 4],
    ['an HTML comment', '<!-- old\nreturn 1 <!-- habit', 1],
    ['a closing HTML comment in the first line', '--> old\nreturn 3', 3],
    ['a unicode escape in a name', 'var \\u{61}b = 3; return ab', 3],
    ['a fence', '```js\nreturn 6\n```', 6],
    ['a fence with CRLF', '```js\r\nreturn 6\r\n```\r\n', 6],
    ['a fence of tildes', '~~~\n6\n~~~', 6],
    ['a fence in prose', 'Here it is:\n```js\nreturn 6\n```\nRun it.', 6],
    ['many brackets in a string', `"${'('.repeat(2_000)}".length`, 2_000],
  ])('answers %s', async (_form, code, value) => {
    expect(await run(code)).toMatchObject({ status: 'completed', value });
  });

  it.each<[form: string, code: string, value: unknown]>([
    ['statements', 'const n: number = 4;\nreturn n', 4],
    ['an expression', 'const n: number = 4; n', 4],
    ['interfaces and `as`', 'interface A { a: number }\nconst v = { a: 1 } as A;\nv.a', 1],
    ['generics and `satisfies`', 'type L<X> = X[]; const v: L<number> = [1]; v satisfies L<number>', [1]],
    ['a function', 'async function main(p: { k: number }): Promise<number> { return p.k }', 11],
    ['a nameless function', 'async function (p: { k: number }) { return p.k };', 11],
    ['an arrow', 'async (p: { k: number }): Promise<number> => p.k', 11],
    ['a generic arrow', 'const f = <T,>(x: T): T => x; return f(3)', 3],
    ['export default', 'export default async function run<T>(p: { k: T }): Promise<T> { return p.k }', 11],
    ['an exported type', 'export interface X { a: number }\nconst a: X = { a: 1 }; return a', { a: 1 }],
    ['a type import', 'import type { X } from "y";\nconst v: X = 1; return v', 1],
    ['a fence', '```typescript\nconst a: number = 6;\na\n```', 6],
    ['a fence in prose', 'So:\n```ts\nconst a: number = 6;\na\n```\n', 6],
    ['a non-null mark', 'const a: { b?: number } = { b: 2 }; a.b!', 2],
  ])('answers TypeScript: %s', async (_form, code, value) => {
    expect(await run(code)).toMatchObject({ status: 'completed', value });
  });

  it.each<[what: string, code: string, line: number, column: number]>([
    ['in the first line', '   nope', 1, 4],
    ['in a last expression further down', 'let x = 1;\n\n   nope;', 3, 4],
    ['behind characters of two units', '"😀😀😀"; nope', 1, 11],
    ['behind a tab', '\tnope', 1, 2],
    ['behind CRLF', 'const g = 1\r\nreturn  nope\r\n', 2, 9],
    ['in a callback', 'return [1].map((x) => {\n  return   nope + x;\n})', 2, 12],
    ['after an await', 'await (async () => {\n   await null;\n   nope();\n})()', 3, 4],
    ['in an arrow', 'async () => {\n  nope\n}', 2, 3],
    ['in an exported function', 'export default async function main() {\n  return nope;\n}', 2, 10],
    ['behind an exported function', 'export default () => later();\nfunction later() {\n  nope;\n}', 3, 3],
    ['in TypeScript', 'const x: number = 1;\n  nope', 2, 3],
    ['inside a fence', '```ts\nconst x: number = 1;\n  nope\n```', 3, 3],
  ])('names the place of a failure %s', async (_what, code, line, column) => {
    const { error } = await run(code);
    expect(error).toMatchObject({
      code: 'program.error',
      message: "ReferenceError: 'nope' is not defined",
      line,
      column,
    });
  });
});

describe('a text that is no program', () => {
  it.each<[what: string, code: string, line: number, column: number, message: string]>([
    ['a bracket too many', 'return 1 }); (function(){', 1, 10, 'Unexpected token: `}`'],
    ['an end that is missing', 'if (a) {\n  b(', 2, 5, 'Unexpected token: the end of the text'],
    ['a string that is not closed', 'const a = 1;\nreturn "abc', 2, 8, 'Unterminated string constant'],
    ['two declarations', 'let a;\nlet a;', 2, 5, "Identifier 'a' has already been declared"],
    ['a fault behind `export default`', 'export default () => {\n  const a = ;\n}', 2, 13, 'Unexpected token: `;`'],
    ['a fault behind a type', 'const x: number = 1;\nconst y: string = ;', 2, 19, 'Expression expected: `;`'],
    [
      'a fault behind a tab and a type',
      'const x: number = 1;\n\tconst y: string = ;',
      2,
      20,
      'Expression expected: `;`',
    ],
    ['a fault in the first line of a typed text', 'const y: string = ;', 1, 19, 'Expression expected: `;`'],
    ['a fault that only the engine finds', 'const a = 1;\nlet await = 2', 2, 5, 'variable name expected'],
  ])('is refused with its place: %s', async (_what, code, line, column, message) => {
    const outcome = await run(code);
    expect(outcome).toMatchObject({ status: 'failed', calls: [], error: { code: 'program.syntax', line, column } });
    expect(outcome.error?.message).toContain(message);
  });

  it.each([
    '})(); 5; (async()=>{',
    '}; 5; (async function(){',
    'return 1 });\n(function(){',
    'return 1; //\u2028})(); evil(); (async function(){',
    'return 1; //\r})(); evil(); (async function(){',
    '*/ }); evil(); /*',
    '--> })(); evil(); (async function(){\n})(',
    'export default () => 1;\nlet b = 1; 1 <!--b; x = `\n}}); evil(); (async function(){{ //`',
    '`${1}`}); evil(); (async function(){`',
    '/[/]}); (async function(){/',
    'const x: number = 1; }); evil(); (async function(){',
    'enum A { b }\n}); evil(); (async function(){',
    '\\u007d\\u0029; evil()',
  ])('cannot break out of the function around it: %j', async (code) => {
    const outcome = await run(code);
    expect(outcome).toMatchObject({ status: 'failed', error: { kind: 'program' } });
    expect(outcome.error?.message).not.toContain('evil');
  });

  it.each<[code: string, what: string]>([
    ['const a = 1;\nenum E { A }\nreturn E.A', 'TypeScript enum is not supported at line 2, column 1'],
    ['namespace N { export const a = 1 }\nreturn N.a', 'TypeScript namespace declaration is not supported at line 1'],
    ['class A { constructor(private x: number) {} }', 'TypeScript parameter property is not supported at line 1'],
    ['const a = <number>5; return a', 'this TypeScript form is not supported at line 1, column 11'],
    ['import { x } from "y";\nreturn x', '`import { x } from "y";` at line 1, column 1: a guest has no modules'],
    ['const fs = await import("node:fs")', '`import("node:fs")` at line 1, column 18: a guest has no modules'],
    ['return import.meta.url', '`import.meta` at line 1, column 8: a guest has no modules'],
    ['export { a as default }; const a = 1', 'only `export default` of a function can be exported'],
    ['export default class A {}', 'only `export default` of a function can be exported'],
  ])('is refused when it asks for what is not there: %j', async (code, what) => {
    const { error } = await run(code);
    expect(error).toMatchObject({ code: 'program.unsupported', hint: expect.stringMatching(/\w/) });
    expect(error?.message).toContain(what);
    expect(error?.message).toContain('nothing ran');
  });

  it('does not take a method called `import`, or the word in a string, for an import', async () => {
    expect(await run('const o = { import: (x) => x }; return o.import(1) + "import(2)"')).toMatchObject({
      value: '1import(2)',
    });
  });

  it.each<[name: string, code: string, hint: string]>([
    ['require', 'const fs = require("fs")', 'There are no modules here'],
    ['fetch', 'await fetch("https://example.com")', 'There is no network here'],
    ['process', 'return process.env.HOME', 'There is no process here'],
    ['fs', 'return fs.readFileSync("a")', 'There is no file system here'],
    ['Buffer', 'return Buffer.from("a")', 'There is no Buffer'],
  ])('says what to use in place of `%s`', async (name, code, hint) => {
    const { error } = await run(code);
    expect(error).toMatchObject({ code: 'program.error', message: `ReferenceError: '${name}' is not defined` });
    expect(error?.hint).toContain(hint);
    expect(error?.hint).toContain('Globals: tools, ');
  });
});

describe('a text that is too large or too deep', () => {
  it('is refused by its bytes, not its characters', () => {
    const code = `"${'é'.repeat(10)}"`;
    expect(normalizeProgram(code, byteLength(code)).lines).toBe(1);
    expect(() => normalizeProgram(code, byteLength(code) - 1)).toThrow(
      'the program is 22 bytes long; the limit sourceBytes is 21 bytes',
    );
  });

  it.each<[what: string, code: string]>([
    ['brackets', '['.repeat(501)],
    ['braces in templates', `${'`${'.repeat(501)}1${'}`'.repeat(501)}`],
    ['signs', `${'!'.repeat(200_000)}1`],
    ['sums', `1${'+1'.repeat(200_000)}`],
    ['arrows', `${'a=>'.repeat(50_000)}1`],
    ['conditions', `${'if(1)'.repeat(50_000)};`],
    ['typed signs', `let q: A = ${'!'.repeat(100_000)}1`],
    ['typed sums', `let q: A = 1${'+1'.repeat(100_000)}`],
    ['types', `let x: ${'A<'.repeat(50_000)}`],
    ['keyof', `type A = ${'keyof '.repeat(50_000)}B; 1`],
  ])('is refused as `limit.source`: %s', async (_what, code) => {
    expect(await run(code)).toMatchObject({ status: 'failed', error: { code: 'limit.source' } });
  });

  it('does not keep the next program with types from running', async () => {
    await run(`let q: A = ${'!'.repeat(100_000)}1`);
    expect(await run('const a: number = 1; a')).toMatchObject({ value: 1 });
  });
});

describe('any text', () => {
  const fragment = fc.constantFrom(
    ...[
      '})',
      '({',
      '{',
      '}',
      '(',
      ')',
      '[',
      '`',
      '${',
      '"',
      "'",
      '//',
      '/*',
      '*/',
      '<!--',
      '-->',
      '\n',
      '\r',
      '\u2028',
    ],
    ...['export default ', 'export ', 'import ', 'return ', 'async ', 'await ', 'function', ' f', '=>', ';', ',', ':'],
    ...['number', 'a', ' = ', '1', '#!', '\\u0029', '/', 'const x', 'interface I ', '```', 'enum ', 'yield ', '\ufeff'],
  );
  const text = fc.oneof(
    fc.string({ maxLength: 60, unit: 'binary' }),
    fc.array(fragment, { maxLength: 14 }).map((parts) => parts.join('')),
  );

  it('becomes one async function or one of three errors', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (code) => {
        let source: string;
        try {
          ({ source } = await normalizeTyped(code, 10_000, types));
        } catch (error) {
          expect(error).toBeInstanceOf(OptimizerError);
          expect(['limit.source', 'program.syntax', 'program.unsupported']).toContain((error as OptimizerError).code);
          return;
        }
        const { body } = parse(source, { ecmaVersion: 2024 });
        expect(body).toHaveLength(1);
        expect(body[0]).toMatchObject({
          type: 'ExpressionStatement',
          end: source.length,
          expression: { type: 'FunctionExpression', async: true, generator: false, params: [], end: source.length - 1 },
        });
      }),
      { numRuns: 1_500 },
    );
  });
});
