import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { referencesIn, resolveReferences } from '../../../src/engine/batch/references.ts';

const values: Readonly<Record<string, Json>> = {
  step1: { items: [{ id: 7, 'odd name': 'x', größe: 2 }, { id: 8 }], none: null, text: 'hello' },
  list: [],
  whole: 'all of it',
};
const resolve = (params: JsonObject): JsonObject => resolveReferences(params, 'params', (step) => values[step] as Json);

describe('references', () => {
  it.each([
    ['step1.items[0].id', 7],
    ['step1.items[1]', { id: 8 }],
    ['step1.items[0]["odd name"]', 'x'],
    ['step1.items[0].größe', 2],
    ['step1.none', null],
    ['whole', 'all of it'],
  ])('%s is a part of an earlier result', (from, value) => {
    expect(resolve({ a: { $from: from } })).toEqual({ a: value });
  });

  it('stand anywhere in the parameters, several of them', () => {
    const params = {
      list: [{ $from: 'step1.items[0].id' }, 2],
      deep: { er: [{ x: { $from: 'whole' } }] },
      plain: 'step1',
    };
    expect(resolve(params)).toEqual({ list: [7, 2], deep: { er: [{ x: 'all of it' }] }, plain: 'step1' });
    expect(referencesIn(params, 'params').map(({ step, at }) => [step, at])).toEqual([
      ['step1', 'params.list[0]'],
      ['whole', 'params.deep.er[0].x'],
    ]);
  });

  it.each([
    ['step1.itemz', '`step1` has `items`, `none`, `text`', ['items', 'none', 'text']],
    ['step1.items[2]', '`step1.items` is a list of 2, [0] to [1]', 2],
    ['step1.items.id', '`step1.items` is a list of 2, [0] to [1]', 2],
    ['step1.none.x', '`step1.none` is null', []],
    ['step1.text[0]', '`step1.text` is a string', []],
    ['list[0]', '`list` is an empty list', 0],
    ['step1.constructor', '`step1` has `items`', ['items', 'none', 'text']],
  ])('%s leads nowhere, and the error says what is there', (from, message, available) => {
    expect(() => resolve({ a: { b: { $from: from } } })).toThrow(
      expect.objectContaining({
        code: 'request.reference',
        message: expect.stringContaining(message),
        data: expect.objectContaining({ path: 'params.a.b', from, available }),
      }),
    );
  });

  it.each([
    [{ $from: 1 }, '`$from` is a text'],
    [{ $from: '' }, 'does not begin with the id of a step'],
    [{ $from: '[0]' }, 'does not begin with the id of a step'],
    [{ $from: 'a..b' }, 'cannot be read from `..b` on'],
    [{ $from: 'a[x]' }, 'cannot be read from `[x]` on'],
    [{ $from: 'a', b: 1 }, '`$from` stands alone in its object'],
  ])('%j cannot be read', (holder, message) => {
    expect(() => referencesIn({ x: holder }, 'params')).toThrow(
      expect.objectContaining({ code: 'request.params', message: expect.stringContaining(message) }),
    );
  });

  it('give every use a value that no other step can change', () => {
    expect(resolve({ a: { $from: 'step1' } })).toEqual({ a: values.step1 });
  });
});
