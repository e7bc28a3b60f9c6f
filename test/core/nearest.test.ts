import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/core/nearest.ts';

describe('the distance of two names', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['read_flie', 'read_file', 1],
    ['ReadFile', 'readfile', 0],
    ['ca', 'abc', 3],
  ])('is between %j and %j %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('the nearest names', () => {
  it('come nearest first, and far ones not at all', () => {
    expect(nearest('raed', ['zzz', 'reed', 'read', 'write'])).toEqual(['read', 'reed']);
    expect(nearest('read_flie', ['write_file', 'read_file'])).toEqual(['read_file']);
    expect(nearest('completely different', ['a', 'b'])).toEqual([]);
  });

  it('are those that hold the name, or are held by it', () => {
    expect(nearest('issue', ['create_issue_comment', 'list_pulls'])).toEqual(['create_issue_comment']);
    expect(nearest('create_issue_now', ['issue', 'pull'])).toEqual(['issue']);
  });

  it('are at most as many as asked for, in an order that does not hang on theirs', () => {
    const names = ['ab3', 'ab1', 'ab2'];
    expect(nearest('ab', names, 2)).toEqual(['ab1', 'ab2']);
    expect(nearest('ab', names.toReversed(), 2)).toEqual(['ab1', 'ab2']);
  });

  it('are found in names of any length', () => {
    expect(nearest('x'.repeat(100_000), ['x'.repeat(99_999)])).toHaveLength(1);
  });
});
