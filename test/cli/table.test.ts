import { describe, expect, it } from 'vitest';
import { colourStyle, plainStyle } from '../../src/cli/style.ts';
import { formatTable } from '../../src/cli/table.ts';
import { cutToWidth, oneLine, padToWidth, safeText, textWidth } from '../../src/cli/text-width.ts';

const columns = [{ header: 'server' }, { header: 'tools', align: 'end' as const }, { header: 'state' }];

describe('a table', () => {
  it('aligns its columns and leaves no blanks at the end of a line', () => {
    const rows = [
      ['filesystem', '14', 'ready'],
      ['memory', '9', 'starting'],
    ];
    expect(formatTable(columns, rows, { style: plainStyle, width: undefined })).toBe(
      ['server      tools  state', 'filesystem     14  ready', 'memory          9  starting'].join('\n'),
    );
  });

  it('is the empty string without rows', () => {
    expect(formatTable(columns, [], { style: plainStyle, width: 80 })).toBe('');
  });

  it('cuts the widest column to the width of the terminal', () => {
    const rows = [['github', '1071', 'a long description that does not fit into the terminal']];
    const text = formatTable(columns, rows, { style: plainStyle, width: 40 });
    expect(text.split('\n')).toEqual(['server  tools  state', 'github   1071  a long description that…']);
    for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(40);
  });

  it('cuts nothing when it goes into a pipe', () => {
    const long = 'x'.repeat(500);
    expect(formatTable([{ header: 'h' }], [[long]], { style: plainStyle, width: undefined })).toBe(`h\n${long}`);
  });

  it('stays whole in a terminal that is narrower than its narrowest form', () => {
    const text = formatTable(columns, [['filesystem', '14', 'ready']], { style: plainStyle, width: 5 });
    expect(text.split('\n')[1]).toBe('filesys…     14  ready');
  });

  it('counts wide characters as two columns and combining marks as none', () => {
    const rows = [
      ['日本', '1'],
      ['cafe\u0301', '2'],
    ];
    expect(formatTable([{ header: 'n' }, { header: 'c' }], rows, { style: plainStyle, width: undefined })).toBe(
      ['n     c', '日本  1', 'cafe\u0301  2'].join('\n'),
    );
  });

  it('keeps a cell on its line and without escape sequences', () => {
    const text = formatTable([{ header: 'h' }], [['a\nb\u001b[31mred\u001b[0m\u0007']], {
      style: plainStyle,
      width: undefined,
    });
    expect(text).toBe('h\na bred');
  });

  it('fills missing cells with nothing and paints after cutting', () => {
    const painted = [{ header: 'h', paint: (text: string, cell: string) => (cell === 'bad' ? `<${text}>` : text) }];
    expect(formatTable(painted, [['bad'], [], ['good']], { style: plainStyle, width: 80 })).toBe('h\n<bad>\n\ngood');
  });

  it('dims its header on a terminal', () => {
    expect(formatTable([{ header: 'h' }], [['x']], { style: colourStyle, width: 80 })).toBe('\u001b[2mh\u001b[22m\nx');
  });
});

describe('text for a terminal', () => {
  it('is cut with an ellipsis inside the width', () => {
    expect(cutToWidth('hello world', 11)).toBe('hello world');
    expect(cutToWidth('hello world', 10)).toBe('hello wor…');
    expect(cutToWidth('hello world', 7)).toBe('hello…');
    expect(cutToWidth('日本語', 4)).toBe('日…');
    expect(cutToWidth('ab', 1)).toBe('…');
    expect(cutToWidth('ab', 0)).toBe('');
  });

  it('is padded on either side', () => {
    expect(padToWidth('日', 4)).toBe('日  ');
    expect(padToWidth('7', 3, 'end')).toBe('  7');
    expect(padToWidth('long', 2)).toBe('long');
  });

  it('loses what could steer the terminal and keeps line breaks and tabs', () => {
    const hostile = 'a\u001b]0;title\u0007b\u001b[2Jc\u001b]8;;http://x\u001b\\d\u001bMe\u009b31mf\b\rg\n\th\u202e!';
    expect(safeText(hostile)).toBe('abcdefg\n\th!');
  });

  it('becomes one line', () => {
    expect(oneLine('  a\n\n b\t\tc \r\n')).toBe('a b c');
  });
});
