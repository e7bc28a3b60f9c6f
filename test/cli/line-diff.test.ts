import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../src/cli/line-diff.ts';

const show = (before: string, after: string): string[] =>
  diffLines(before, after).map(({ kind, text }) => `${{ same: ' ', gone: '-', new: '+', gap: '~' }[kind]}${text}`);

describe('the difference of two texts', () => {
  it('is empty for equal ones', () => {
    expect(diffLines('a\nb', 'a\nb')).toEqual([]);
  });

  it('shows what is gone before what is new, with the lines around', () => {
    expect(show('a\nb\nc', 'a\nB\nc')).toEqual([' a', '-b', '+B', ' c']);
    expect(show('', 'a')).toEqual(['+a']);
    expect(show('a\nb', 'a')).toEqual([' a', '-b']);
    expect(show('a\nc', 'a\nb\nc')).toEqual([' a', '+b', ' c']);
  });

  it('says how many equal lines it leaves out', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = lines.with(10, 'other');
    expect(show(lines.join('\n'), changed.join('\n'))).toEqual([
      '~… 7 equal lines',
      ...[' line 7', ' line 8', ' line 9', '-line 10', '+other', ' line 11', ' line 12', ' line 13'],
      '~… 6 equal lines',
    ]);
  });

  it('shows two texts that are too large to compare one after the other, without leaving out a line', () => {
    const before = Array.from({ length: 2_500 }, (_, index) => `old ${index}`);
    const after = Array.from({ length: 2_500 }, (_, index) => `new ${index}`);
    const lines = diffLines(before.join('\n'), after.join('\n'));
    expect(lines.map(({ text }) => text)).toEqual([...before, ...after]);
  });

  it('holds every line that is gone and every line that is new', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        if (lines.some(({ kind }) => kind === 'gap') || before === after) return;
        const of = (...kinds: string[]) => lines.filter(({ kind }) => kinds.includes(kind)).map((line) => line.text);
        expect(of('same', 'gone')).toEqual(before === '' ? [] : before.split('\n'));
        expect(of('same', 'new')).toEqual(after === '' ? [] : after.split('\n'));
      }),
    );
  });
});
