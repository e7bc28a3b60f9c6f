import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { cutString, shapeJson } from '../../src/engine/shape.ts';

const textOf = (value: Json): string => JSON.stringify(value);

describe('a shaped value', () => {
  it('keeps the head of an array and says how many of how many', () => {
    const list = Array.from({ length: 1_000 }, (_, id) => ({ id, name: `item ${id}` }));
    const { value, chars } = shapeJson(list, 2_000);
    const shown = value as Json[];
    expect(chars).toBeLessThanOrEqual(2_000);
    expect(shown.slice(0, -1)).toEqual(list.slice(0, shown.length - 1));
    expect(shown.length).toBeGreaterThan(20);
    expect(shown.at(-1)).toBe(`… ${shown.length - 1} of 1000 items shown`);
  });

  it('keeps head and tail of a long text and says what is left out', () => {
    const text = `head ${'x'.repeat(10_000)} tail`;
    const { value } = shapeJson(text, 1_000);
    expect(value).toMatch(/^head x+ … \d+ of 10010 characters left out … x+ tail$/);
  });

  it('says how many members of an object are shown', () => {
    const object = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key${index}`, index]));
    const { value } = shapeJson(object, 1_000);
    expect(Object.keys(value as object).length).toBeLessThan(100);
    expect((value as Record<string, Json>)['…']).toMatch(/^\d+ of 5000 members shown$/);
  });

  it('turns deep parts into a note', () => {
    let value: Json = 'bottom';
    for (let depth = 0; depth < 50; depth++) value = { value };
    expect(textOf(shapeJson(value, 1_000).value)).toContain('… an object of 1 members');
  });

  it('leaves a value alone that fits', () => {
    const value = { a: [1, 'two', null, true], b: { c: 1.5 } };
    expect(shapeJson(value, 1_000)).toEqual({ value, chars: textOf(value).length });
  });

  it('counts the escapes of a text', () => {
    expect(shapeJson('\u0001'.repeat(50_000), 2_000).chars).toBeLessThanOrEqual(2_000);
  });

  it('never splits a character', () => {
    for (let chars = 0; chars < 20; chars++) expect(cutString('😀'.repeat(40), chars)).not.toMatch(/\p{Surrogate}/u);
  });

  it('keeps a key called `__proto__` a key', () => {
    const value = JSON.parse(`{"__proto__":"${'x'.repeat(2_000)}"}`) as Json;
    const shown = shapeJson(value, 500).value;
    expect(Object.keys(shown as object)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(shown)).toBe(Object.prototype);
  });

  it('is valid JSON within the budget, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 200, max: 5_000 }), (value, charsMax) => {
        const big = [value, value, value, value] as Json;
        const shaped = shapeJson(big, charsMax);
        expect(shaped.chars).toBe(textOf(shaped.value).length);
        expect(shaped.chars).toBeLessThanOrEqual(charsMax);
      }),
    );
  });
});
