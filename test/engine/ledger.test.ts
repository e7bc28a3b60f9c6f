import { describe, expect, it } from 'vitest';
import { countTokens, EXACT_CHARS_MAX, sampleText, settleLedger } from '../../src/engine/ledger.ts';

/** Counts words, so that a test can count along. */
const words = { count: (text: string) => text.split(/\s+/).filter((word) => word !== '').length };

describe('the ledger', () => {
  it('counts each definition once and each call and result every time', () => {
    const direct = {
      definitions: new Map([
        ['a.get', 'one two'],
        ['a.put', 'three'],
      ]),
      texts: ['call one', 'result one one', 'call two', 'result two two'],
    };
    const ledger = settleLedger(words, 'the program has five words', 'the answer', direct);
    expect(ledger).toEqual({ answer: 2, withoutOptimizer: 3 + 10, saved: 13 - 2 - 5 });
  });

  it('saves less than nothing when nothing was called', () => {
    const nothing = { definitions: new Map<string, string>(), texts: [] };
    expect(settleLedger(words, 'return 1', 'one', nothing)).toEqual({ answer: 1, withoutOptimizer: 0, saved: -3 });
  });

  it('keeps only samples of a long text, and counts it as it would have counted the whole', () => {
    const text = 'word '.repeat(EXACT_CHARS_MAX);
    const kept = sampleText(text);
    expect(typeof kept).toBe('object');
    expect(JSON.stringify(kept).length).toBeLessThan(EXACT_CHARS_MAX + 100);
    expect(countTokens(words, kept)).toBe(countTokens(words, text));
    expect(sampleText('short')).toBe('short');
  });

  it('counts a long text by samples, near to the truth', () => {
    const text = 'word '.repeat(EXACT_CHARS_MAX);
    const counted = countTokens(words, text);
    expect(Math.abs(counted - EXACT_CHARS_MAX) / EXACT_CHARS_MAX).toBeLessThan(0.01);
  });
});
