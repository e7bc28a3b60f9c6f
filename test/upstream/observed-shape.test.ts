import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { emptyShape, observe, schemaOf } from '../../src/upstream/observed-shape.ts';
import { inlineType } from '../../src/upstream/types.ts';
import { validateAgainst } from '../../src/upstream/validate.ts';

function typeOf(...values: Json[]): string {
  const shape = emptyShape();
  for (const value of values) observe(shape, value);
  return inlineType(schemaOf(shape));
}

describe('an observed shape', () => {
  it('has the members that were seen, optional when one value lacked them', () => {
    expect(typeOf({ id: 1, title: 'a' }, { id: 2, title: 'b', due: '2026-01-01' })).toBe(
      '{id: number; title: string; due?: string}',
    );
  });

  it('is a union of the kinds that were seen', () => {
    expect(typeOf({ owner: null }, { owner: 'me' }, { owner: { id: 1 } })).toBe(
      '{owner: null | {id: number} | string}',
    );
    expect(typeOf('none found', [{ id: 1 }])).toBe('{id: number}[] | string');
    expect(typeOf(1, 2.5)).toBe('number');
  });

  it('merges the items of lists', () => {
    expect(typeOf([{ a: 1 }, { a: 2, b: 'x' }, []])).toMatch(/^\(.*\{a: number; b\?: string\}.*\)\[\]$/);
  });

  it('takes objects whose member names are data for maps', () => {
    expect(typeOf({ 'ann@example.com': 3 })).toBe('Record<string, number>');
    expect(typeOf({ '2026-01-01': 1, '2026-01-02': 2 })).toBe('Record<string, number>');
    expect(typeOf({ 'src/main.ts': { lines: 1 } })).toBe('Record<string, {lines: number}>');
    const person = { age: 3, team: 'x' };
    expect(typeOf({ ann: person, bob: person, cid: person, dan: person })).toBe(
      'Record<string, {age: number; team: string}>',
    );
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`k${'abcdefghij'[index % 10]}_${'xyzuvw'[Math.trunc(index / 10)]}`, 1]),
    );
    expect(typeOf(many)).toBe('Record<string, number>');
  });

  it('takes many names of which hardly one comes twice for a map', () => {
    const of = (names: string[]): Json => Object.fromEntries(names.map((name) => [name, 1]));
    expect(typeOf(of(['ann', 'bob', 'cid', 'dan']), of(['eve', 'fay', 'gus']), of(['hal', 'ida', 'jon']))).toBe(
      'Record<string, number>',
    );
  });

  it('keeps no value', () => {
    const shape = emptyShape();
    observe(shape, { name: 'Ann Miller', mail: ['ann@example.com'], 'ann miller': 1, n: 41_234_567 });
    expect(JSON.stringify(shape)).not.toMatch(/ann|41234567/i);
  });

  it('is bounded, whatever comes', () => {
    const deep = JSON.parse(`${'{"a":['.repeat(200)}1${']}'.repeat(200)}`) as Json;
    const wide = Array.from({ length: 20_000 }, (_, index) => ({ [`m${index % 39}`]: { x: { y: { z: [index] } } } }));
    const shape = emptyShape();
    for (const value of [deep, wide, { rows: wide }]) observe(shape, value);
    expect(JSON.stringify(shape).length).toBeLessThan(64 * 1024);
  });

  it('does not break on names of the language', () => {
    expect(typeOf(JSON.parse('{"constructor":1,"toString":"x"}') as Json)).toBe(
      '{constructor: number; toString: string}',
    );
    expect(typeOf(JSON.parse('{"__proto__":{"x":1}}') as Json)).toBe('Record<string, {x: number}>');
  });

  it('fits every value that it has seen', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1, maxLength: 5 }), (values) => {
        const shape = emptyShape();
        for (const value of values) observe(shape, value as Json);
        const schema = schemaOf(shape);
        for (const value of values) expect(validateAgainst(schema, value as Json)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
