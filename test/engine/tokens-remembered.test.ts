import { describe, expect, it } from 'vitest';
import { rememberCounts } from '../../src/engine/tokens/remembered.ts';

/** A counter that tells how often it was asked. */
function counted() {
  const asked: string[] = [];
  const counter = rememberCounts({
    count(text) {
      asked.push(text);
      return text.length;
    },
  });
  return { counter, asked };
}

describe('a counter that remembers', () => {
  it('counts a text once and answers the same again', () => {
    const { counter, asked } = counted();
    expect([counter.count('abc'), counter.count('abc'), counter.count('')]).toEqual([3, 3, 0]);
    expect(asked).toEqual(['abc', '']);
  });

  it('does not hold long texts', () => {
    const { counter, asked } = counted();
    const long = 'x'.repeat(5_000);
    counter.count(long);
    counter.count(long);
    expect(asked).toHaveLength(2);
  });

  it('lets the oldest go, and is right about it when it comes again', () => {
    const { counter, asked } = counted();
    for (let index = 0; index < 1_000; index++) counter.count(`text ${index}`);
    expect(counter.count('text 0')).toBe(6);
    expect(counter.count('text 999')).toBe(8);
    expect(asked.filter((text) => text === 'text 0')).toHaveLength(2);
    expect(asked.filter((text) => text === 'text 999')).toHaveLength(1);
  });
});
