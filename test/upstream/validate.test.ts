import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { isSafePattern, issueLines, validateArguments } from '../../src/upstream/validate.ts';
import { recordedCatalog, tool } from './fixture-catalog.ts';

const lines = (schema: unknown, args: Json): string[] => issueLines(validateArguments(tool('t', schema), args));

const issue = {
  type: 'object',
  properties: {
    title: { type: 'string', minLength: 1 },
    labels: { type: 'array', items: { type: 'string' } },
    state: { enum: ['open', 'closed'] },
    who: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    at: { $ref: '#/$defs/At' },
  },
  required: ['title'],
  additionalProperties: false,
  $defs: { At: { type: 'object', properties: { line: { type: 'integer', minimum: 1 } }, required: ['line'] } },
};

describe('validateArguments', () => {
  it('accepts what fits', () => {
    expect(lines(issue, { title: 'a', labels: ['b'], state: 'open', who: null, at: { line: 1 } })).toEqual([]);
  });

  it.each<[string, Json, string[]]>([
    ['a wrong type', { title: 3 }, ['`title`: expected string, got number 3']],
    ['a wrong item', { title: 'a', labels: ['b', null] }, ['`labels[1]`: expected string, got null']],
    ['a wrong choice', { title: 'a', state: 'done' }, ['`state`: expected "open" | "closed", got string "done"']],
    ['no alternative', { title: 'a', who: {} }, ['`who`: expected string | null, got an object']],
    ['a missing property', {}, ['`title`: is required (string) and missing']],
    ['a near property', { title: 'a', label: [] }, ['`label`: is not a known property; did you mean `labels`?']],
    [
      'a far property',
      { title: 'a', zzz: 1 },
      ['`zzz`: is not a known property; known: title, labels, state, who, at'],
    ],
    ['a bound behind a reference', { title: 'a', at: { line: 0 } }, ['`at.line`: expected minimum 1, got number 0']],
    ['a part missing behind a reference', { title: 'a', at: {} }, ['`at.line`: is required (number) and missing']],
    ['a value that is no object', 'text', ['`args`: expected {title: string; …}, got string "text"']],
    [
      'several things at once',
      { title: '', labels: 1 },
      ['`title`: expected minLength 1, got string ""', '`labels`: expected string[], got number 1'],
    ],
  ])('names %s in plain words', (_, args, expected) => {
    if (typeof args === 'string')
      expect(lines(issue, args)[0]).toMatch(/^`args`: expected \{title: string; .*got string "text"$/);
    else expect(lines(issue, args)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['a reference to nowhere', { $ref: '#/nope' }],
    ['a reference to itself', { $ref: '#' }],
    ['an unknown type', { type: 'object', properties: { a: { type: 'strng' } } }],
    ['keywords of the wrong shape', { type: 'object', required: 'a', properties: 3, enum: 7, anyOf: {} }],
    ['an invalid pattern', { properties: { a: { pattern: '(' } } }],
    ['a schema that is no object', 'x'],
  ])('accepts everything when the schema holds %s', (_, schema) => {
    expect(lines(schema, { a: 'b' })).toEqual([]);
  });

  it('does not evaluate a pattern that could run for ever', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^(a+)+$' } },
      patternProperties: { '^(b*)*$': false },
    };
    expect(lines(schema, { a: `${'a'.repeat(40)}!`, [`${'b'.repeat(40)}!`]: 1 })).toEqual([]);
    expect(lines({ properties: { a: { pattern: '^[a-z]+$' } } }, { a: 'A1' })).toEqual([
      '`a`: expected pattern "^[a-z]+$", got string "A1"',
    ]);
  });

  it('treats format as an annotation and old tuples as tuples', () => {
    expect(lines({ properties: { a: { format: 'uri' } } }, { a: 'no uri' })).toEqual([]);
    expect(lines({ properties: { a: { items: [{ type: 'string' }] } } }, { a: [1] })).toEqual([
      '`a[0]`: expected string, got number 1',
    ]);
  });

  it('sees a member called __proto__', () => {
    expect(
      lines({ type: 'object', properties: {}, additionalProperties: false }, JSON.parse('{"__proto__":1}')),
    ).toEqual(['`__proto__`: is not a known property; known: no properties']);
  });

  it('answers for every recorded tool without throwing', () => {
    for (const { definition } of recordedCatalog().tools()) {
      const issues = validateArguments(definition, {});
      const required = Array.isArray(definition.inputSchema.required) ? definition.inputSchema.required : [];
      expect(issues.length >= required.length || issues.length === 20).toBe(true);
    }
  });
});

describe('isSafePattern', () => {
  it.each(['^a+$', '^[^/]+/[^/]+$', '(a|b)', '(?:ab){2}', '\\(a+\\)+', '^\\d{4}-\\d{2}$', '[(+]+'])(
    'evaluates %s',
    (pattern) => {
      expect(isSafePattern(pattern)).toBe(true);
    },
  );

  it.each(['(a+)+', '(a*)*b', '((a)+b*)+', '(a|aa)+', '(.*,){9}', 'a'.repeat(513), '.*.*.*.*.*.*.*x', '['])(
    'refuses %s',
    (pattern) => {
      expect(isSafePattern(pattern)).toBe(false);
    },
  );
});
