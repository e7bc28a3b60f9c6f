import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { declareType, inlineType } from '../../src/upstream/types.ts';
import { compileErrors, holdsAny } from './compile.ts';

const declare = (schema: unknown, isArguments = false): string =>
  declareType(schema, { name: 'T', taken: new Set(), isArguments });

describe('inlineType', () => {
  it.each<[string, unknown, string]>([
    ['primitives', { type: 'integer' }, 'number'],
    ['a list of types', { type: ['string', 'null'] }, 'string | null'],
    ['nullable', { type: 'string', nullable: true }, 'string | null'],
    ['const', { const: 'a' }, '"a"'],
    ['enum', { type: 'string', enum: ['a', 'b', null] }, '"a" | "b" | null'],
    [
      'an object',
      { type: 'object', properties: { a: {}, b: { type: 'string' } }, required: ['b'] },
      '{a?: unknown; b: string}',
    ],
    ['quoted keys', { type: 'object', properties: { 'a-b': { type: 'string' } } }, '{"a-b"?: string}'],
    ['arrays of unions', { type: 'array', items: { type: ['string', 'number'] } }, '(string | number)[]'],
    ['records', { type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
    ['patterns', { type: 'object', patternProperties: { '^x': { type: 'number' } } }, 'Record<string, number>'],
    ['open objects', { type: 'object' }, 'Record<string, unknown>'],
    ['closed empty objects', { type: 'object', additionalProperties: false }, 'Record<string, never>'],
    [
      'tuples',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 1 },
      '[string, number?]',
    ],
    [
      'old tuples',
      { type: 'array', items: [{ type: 'string' }], additionalItems: { type: 'null' }, minItems: 1 },
      '[string, ...null[]]',
    ],
    ['anyOf', { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }, 'string | string[]'],
    ['anyOf beside its type', { type: 'string', anyOf: [{ const: 'a' }, { const: 'b' }] }, '"a" | "b"'],
    [
      'allOf',
      { allOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { required: ['a'] }] },
      '{a?: string} & {a: unknown}',
    ],
    ['references', { $ref: '#/$defs/A', $defs: { A: { type: 'boolean' } } }, 'boolean'],
    ['escaped pointers', { $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'boolean' } } }, 'boolean'],
    [
      'recursion',
      { $ref: '#/$defs/A', $defs: { A: { type: 'object', properties: { a: { $ref: '#/$defs/A' } } } } },
      '{a?: unknown}',
    ],
    ['true', true, 'unknown'],
    ['false', false, 'never'],
    ['no schema', 'nonsense', 'unknown'],
    ['an unknown type', { type: 'file' }, 'unknown'],
    [
      'a reference to nowhere',
      { type: 'object', properties: { a: { $ref: '#/x' }, b: { type: 'string' } } },
      '{a?: unknown; b?: string}',
    ],
    ['a reference to the prototype', { $ref: '#/constructor' }, 'unknown'],
  ])('writes %s', (_, schema, text) => {
    expect(inlineType(schema)).toBe(text);
  });

  it('marks with … what its limits leave out', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'object', properties: { x: {}, y: { type: 'object', properties: { z: {} } } }, required: ['y'] },
      },
    };
    expect(inlineType(schema, { depth: 1, nestedOptional: 0, enumMax: 4 })).toBe('{a?: {y: {…}; …}}');
  });
});

describe('declareType', () => {
  it('writes comments with constraints', () => {
    const text = declare({
      type: 'object',
      properties: {
        n: { type: 'integer', description: 'How many.', minimum: 1, maximum: 9, default: 3, examples: [4] },
      },
    });
    expect(text).toBe(
      'interface T {\n  /** How many. @default 3 @minimum 1 @maximum 9 @example 4 */\n  n?: number;\n}',
    );
  });

  it('keeps a description inside its comment and on its line', () => {
    const text = declare({
      type: 'object',
      description: 'x */ evil(); /*',
      properties: { a: { type: 'string', description: 'one\n*/ let b = 1;\u2028c\u0000d\u202ee **/' } },
    });
    expect(compileErrors({ 'a.ts': text })).toEqual([]);
    expect(text.split('\n')).toHaveLength(4 + 1);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });

  it('names recursive types and compiles mutual recursion, unions and circles of references', () => {
    const schemas = [
      { type: 'object', properties: { child: { $ref: '#' }, all: { type: 'array', items: { $ref: '#' } } } },
      {
        $ref: '#/$defs/A',
        $defs: { A: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/B' }] }, B: { $ref: '#/$defs/A' } },
      },
      { $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/A' } } },
      { $ref: '#' },
      {
        $ref: '#/$defs/J',
        $defs: {
          J: {
            anyOf: [
              { type: 'null' },
              { type: 'object', additionalProperties: { $ref: '#/$defs/J' } },
              { type: 'array', items: { $ref: '#/$defs/J' } },
            ],
          },
        },
      },
      {
        type: 'object',
        properties: { x: { $ref: '#/$defs/T' } },
        $defs: { T: { type: 'object', properties: { y: { $ref: '#/$defs/T' } } } },
      },
    ];
    const files = Object.fromEntries(
      schemas.map((schema, index) => [`f${index}.ts`, `${declare(schema)}\nexport {};`]),
    );
    expect(compileErrors(files)).toEqual([]);
    expect(files['f0.ts']).toContain('child?: T;');
    expect(files['f4.ts']).toContain('{ [key: string]: TJ }');
  });

  it('reads an empty list of properties as no arguments', () => {
    expect(declare({ type: 'object', properties: {} }, true)).toBe('type T = Record<string, never>;');
    expect(declare({ type: 'object' }, true)).toBe('type T = Record<string, unknown>;');
  });

  it('answers within bounds for schemas that are deep, wide or explode', () => {
    let deep: unknown = { type: 'string' };
    for (let i = 0; i < 5_000; i++) deep = { type: 'array', items: deep };
    expect(inlineType(deep)).toContain('unknown');
    const doubling: Record<string, unknown> = { A0: { type: 'string' } };
    for (let i = 1; i < 40; i++) {
      const ref = { $ref: `#/$defs/A${i - 1}` };
      doubling[`A${i}`] = { type: 'object', properties: { x: ref, y: ref } };
    }
    expect(inlineType({ $ref: '#/$defs/A39', $defs: doubling }).length).toBeLessThan(300_000);
    const wide = { enum: Array.from({ length: 5_000 }, (_, i) => `v${i}`) };
    expect(declare(wide)).toBe('type T = string;');
  });

  it('never throws and never writes any, whatever the schema', () => {
    const keywords = fc.constantFrom(
      'type',
      'properties',
      'items',
      'anyOf',
      'allOf',
      'oneOf',
      'enum',
      'const',
      '$ref',
      '$defs',
      'required',
      'prefixItems',
      'additionalProperties',
      'patternProperties',
      'description',
      'minItems',
      'examples',
      '__proto__',
    );
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('object', 'array', 'string', '#', '#/$defs/a', '*/', null, true, false, 0, -1),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(keywords, tie('node'), { maxKeys: 5 }),
      ),
    }));
    const texts: string[] = [];
    fc.assert(
      fc.property(node, (schema) => {
        inlineType(schema);
        texts.push(declare(schema));
      }),
      { numRuns: 400 },
    );
    expect(texts.filter(holdsAny)).toEqual([]);
    const files = Object.fromEntries(texts.map((text, index) => [`g${index}.ts`, `${text}\nexport {};`]));
    expect(compileErrors(files)).toEqual([]);
  });
});

/** A schema and a value that is valid for it, made together. */
interface Sample {
  readonly schema: unknown;
  readonly value: unknown;
}

const key = fc.constantFrom('a', 'b', 'c-d', 'e f', 'constructor', '0');
const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string().map((value): Sample => ({ schema: { type: 'string', description: value }, value })),
    fc.integer().map((value): Sample => ({ schema: { type: 'integer' }, value })),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value): Sample => ({ schema: { type: ['number', 'null'] }, value })),
    fc.constant<Sample>({ schema: { type: 'string', nullable: true }, value: 'x' }),
    fc.jsonValue({ maxDepth: 1 }).map((value): Sample => ({ schema: { const: value }, value })),
    fc
      .array(fc.jsonValue({ maxDepth: 0 }), { minLength: 1, maxLength: 4 })
      .map((values): Sample => ({ schema: { enum: values }, value: values[0] })),
    fc.array(tie('sample'), { maxLength: 3 }).map(
      (items): Sample => ({
        schema: { type: 'array', items: { anyOf: [...items.map((item) => item.schema), { type: 'null' }] } },
        value: items.map((item) => item.value),
      }),
    ),
    fc.tuple(fc.array(tie('sample'), { minLength: 1, maxLength: 3 }), fc.nat(3)).map(
      ([items, kept]): Sample => ({
        schema: {
          type: 'array',
          prefixItems: items.map((item) => item.schema),
          minItems: Math.min(kept, items.length),
        },
        value: items.slice(0, Math.max(kept, 0)).map((item) => item.value),
      }),
    ),
    fc
      .tuple(
        fc.dictionary(key, tie('sample'), { maxKeys: 4, noNullPrototype: true }),
        fc.array<string>(key),
        fc.boolean(),
      )
      .map(([members, left, open]): Sample => {
        const entries = Object.entries(members);
        const present = entries.filter(([name]) => !left.includes(name));
        return {
          schema: {
            type: 'object',
            properties: Object.fromEntries(entries.map(([name, member]) => [name, member.schema])),
            required: present.map(([name]) => name),
            ...(open ? { additionalProperties: { type: 'number' } } : {}),
          },
          value: {
            ...Object.fromEntries(present.map(([name, member]) => [name, member.value])),
            ...(open ? { zz: 1 } : {}),
          },
        };
      }),
    fc
      .dictionary(key, fc.integer(), { maxKeys: 3, noNullPrototype: true })
      .map((value): Sample => ({ schema: { type: 'object', additionalProperties: { type: 'integer' } }, value })),
    fc
      .tuple(tie('sample'), tie('sample'))
      .map(([one, two]): Sample => ({ schema: { oneOf: [two.schema, one.schema] }, value: one.value })),
    tie('sample').map((one): Sample => ({ schema: { allOf: [one.schema, {}] }, value: one.value })),
    tie('sample').map(
      (one): Sample => ({
        schema: { $defs: { X: one.schema }, allOf: [{ title: 'x' }, one.schema] },
        value: one.value,
      }),
    ),
  ),
}));

describe('a value that is valid for a schema', () => {
  it('is accepted by the declaration', () => {
    const files: Record<string, string> = {};
    fc.assert(
      fc.property(sample, ({ schema, value }) => {
        const name = `p${Object.keys(files).length}.ts`;
        files[name] = `${declare(schema)}\nexport const value: T = ${JSON.stringify(value)};\n`;
      }),
      { numRuns: 250 },
    );
    const errors = compileErrors(files);
    expect(errors.map((error) => `${error}\n${files[error.split(':')[0] ?? '']}`)).toEqual([]);
  });
});
