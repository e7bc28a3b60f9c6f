import { describe, expect, it } from 'vitest';
import { KeptValues } from '../../src/engine/kept-values.ts';

describe('kept values', () => {
  it('are found again by their handle, which cannot be guessed', () => {
    const kept = new KeptValues({ bytesMax: 1_000, ttlMs: 60_000 });
    const first = kept.keep('t', '[1]');
    const second = kept.keep('t', '[1]');
    expect(first).toMatch(/^h_[0-9a-f]{16}$/);
    expect(second).not.toBe(first);
    expect(kept.load('t', first)).toBe('[1]');
  });

  it('are missing for another tenant exactly as if they had never been', () => {
    const kept = new KeptValues({ bytesMax: 1_000, ttlMs: 60_000 });
    const handle = kept.keep('t', '[1]');
    const words = (tenant: string, wanted: string): string => {
      try {
        return kept.load(tenant, wanted);
      } catch (error) {
        return `${(error as { code: string }).code}: ${(error as Error).message.replaceAll(wanted, 'H')}`;
      }
    };
    expect(words('other', handle)).toBe(words('other', 'h_0000000000000000'));
    expect(words('other', handle)).toContain('state.missing: nothing is kept under the handle `H`');
  });

  it('make room for newer ones, the oldest first', () => {
    const kept = new KeptValues({ bytesMax: 40, ttlMs: 60_000 });
    const handles = ['"aaaaaaaa"', '"bbbbbbbb"', '"cccccccc"'].map((text) => kept.keep('t', text));
    expect(kept.size).toEqual({ entries: 2, bytes: 40 });
    expect(() => kept.load('t', handles[0] as string)).toThrow('nothing is kept');
    expect(kept.load('t', handles[2] as string)).toBe('"cccccccc"');
  });
});
