import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../src/protocol/line-splitter.ts';

function split(chunks: Array<string | Buffer>, lineBytesMax = 10): string[] {
  const seen: string[] = [];
  const sink = { line: (line: Buffer) => seen.push(line.toString('utf8')), tooLong: () => seen.push('<too long>') };
  const splitter = new LineSplitter(sink, lineBytesMax);
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return seen;
}

describe('LineSplitter', () => {
  it('joins a line that comes in pieces and splits a chunk that holds several', () => {
    expect(split(['ab', 'c\nd', 'e\nf\n'])).toEqual(['abc', 'de', 'f']);
  });

  it('reports a last line without a line end', () => {
    expect(split(['a\nb'])).toEqual(['a', 'b']);
  });

  it('ignores blank lines and takes CRLF for a line end', () => {
    expect(split(['\n\r\n  \t\na\r\n\r\nb'])).toEqual(['a', 'b']);
  });

  it('keeps a character whose bytes come in two chunks', () => {
    const bytes = Buffer.from('"ä"\n');
    expect(split([bytes.subarray(0, 2), bytes.subarray(2)])).toEqual(['"ä"']);
  });

  it('takes a line of exactly the limit, also with CRLF', () => {
    expect(split(['0123456789\n0123456789\r\nx\n'])).toEqual(['0123456789', '0123456789', 'x']);
  });

  it('reports a line over the limit once and goes on with the next', () => {
    expect(split(['01234567890\nok\n', '0123456', '789012', '3456789', '\nok2\n'])).toEqual([
      '<too long>',
      'ok',
      '<too long>',
      'ok2',
    ]);
  });

  it('reports a line over the limit before its end has come', () => {
    const seen: string[] = [];
    const splitter = new LineSplitter({ line: () => seen.push('line'), tooLong: () => seen.push('too long') }, 4);
    splitter.push(Buffer.from('123456'));
    expect(seen).toEqual(['too long']);
  });

  it('drops a byte order mark at the start of the input', () => {
    expect(split([Buffer.from([0xef, 0xbb, 0xbf]), '{}\n'])).toEqual(['{}']);
  });
});
