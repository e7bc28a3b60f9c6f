/** What a result depends on, and what a write moves on. */
import { describe, expect, it } from 'vitest';
import { readScopes, tagsOf, writeScopes } from '../../src/engine/cache-scopes.ts';

/** Whether a write ends a read. */
const ends = (write: readonly string[] | undefined, read: readonly string[] | undefined): boolean => {
  const moved = writeScopes('s', write);
  return readScopes('s', read).some((scope) => moved.includes(scope));
};

describe('scopes', () => {
  it('let a write without tags end everything of its server', () => {
    expect(ends(undefined, undefined)).toBe(true);
    expect(ends(undefined, ['a'])).toBe(true);
  });

  it('let a write with tags end what shares one, and what has none', () => {
    expect(ends(['a', 'b'], ['b', 'c'])).toBe(true);
    expect(ends(['a'], ['b'])).toBe(false);
    expect(ends(['a'], undefined)).toBe(true);
  });

  it('keep servers apart', () => {
    const moved = writeScopes('one', undefined);
    expect(readScopes('two', undefined).some((scope) => moved.includes(scope))).toBe(false);
  });

  it('hash long tags and take lone surrogates for one character', () => {
    expect(readScopes('s', ['x'.repeat(1_000)])[1]).toHaveLength(66);
    expect(readScopes('s', ['\ud800'])).toEqual(readScopes('s', ['\udc00']));
  });
});

describe('tags', () => {
  it.each([
    [['issues'], {}, ['issues']],
    [['issue {id}'], { id: 7 }, ['issue 7']],
    [['issue {id}'], { id: '7' }, ['issue 7']],
    [['{owner}/{repo}#{id}'], { owner: 'a', repo: 'b', id: 1 }, ['a/b#1']],
    [['file {paths}'], { paths: ['a', 'b'] }, ['file a', 'file b']],
    [['{a.b}'], { a: { b: true } }, ['true']],
    [['{a}'], { a: { y: 1, x: 2 } }, ['{"x":2,"y":1}']],
    [['a', '{id}'], { id: 1 }, ['a', '1']],
  ])('%j of %j are %j', (templates, args, tags) => {
    expect(tagsOf(templates, args)).toEqual(tags);
  });

  it.each([
    ['no template', undefined, { id: 1 }],
    ['an empty list of them', [], { id: 1 }],
    ['a missing argument', ['issue {id}'], {}],
    ['one missing argument of several', ['all', 'issue {id}'], {}],
    ['an argument that is null', ['issue {id}'], { id: null }],
    ['an empty list', ['issue {id}'], { id: [] }],
    ['what only the prototype has', ['issue {constructor}'], {}],
    ['more things than can be told apart', ['{id}'], { id: Array.from({ length: 65 }, (_, index) => index) }],
    ['more pairs than can be told apart', ['{a} {b}'], { a: [1, 2, 3, 4, 5, 6, 7, 8, 9], b: [1, 2, 3, 4, 5, 6, 7, 8] }],
  ])('cannot be told from %s', (_, templates, args) => {
    expect(tagsOf(templates, args)).toBeUndefined();
  });
});
