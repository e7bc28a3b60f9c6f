import { describe, expect, it } from 'vitest';
import { SeedSource } from '../../src/engine/seeds.ts';

describe('SeedSource', () => {
  it('never gives a seed twice, also across its draws', () => {
    const source = new SeedSource();
    const seen = new Set(Array.from({ length: 2_000 }, () => source.next().join()));
    expect(seen.size).toBe(2_000);
  });

  it('gives four words of 32 bits that use their range', () => {
    const source = new SeedSource();
    const words = Array.from({ length: 500 }, () => source.next()).flat();
    expect(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
    expect(Math.max(...words)).toBeGreaterThan(2 ** 31);
    expect(Math.min(...words)).toBeLessThan(2 ** 29);
  });
});
