import { describe, expect, it } from 'vitest';
import { idFromEdges, LineReader, type SkippedLine } from '../../src/upstream/line-reader.ts';

function read(chunks: readonly string[], lineBytes = 1024): { lines: string[]; skipped: SkippedLine[] } {
  const lines: string[] = [];
  const skipped: SkippedLine[] = [];
  const reader = new LineReader({
    lineBytes,
    onLine: (line) => lines.push(line),
    onSkipped: (line) => skipped.push(line),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.end();
  return { lines, skipped };
}

describe('LineReader', () => {
  it('joins a line that arrives in pieces, also inside a character', () => {
    const lines: string[] = [];
    const reader = new LineReader({ lineBytes: 100, onLine: (line) => lines.push(line), onSkipped: () => {} });
    for (const byte of Buffer.from('{"a":"é€𝄞"}\n')) reader.push(Buffer.from([byte]));
    expect(lines).toEqual(['{"a":"é€𝄞"}']);
  });

  it('hands on several lines of one chunk, and a last one without its newline', () => {
    expect(read(['a\r\nb\n\n\nc']).lines).toEqual(['a', 'b', 'c']);
  });

  it('takes a line of exactly the limit and skips one that is a byte longer', () => {
    const { lines, skipped } = read([`${'x'.repeat(8)}\n`, `${'y'.repeat(9)}\n`, 'z\n'], 8);
    expect(lines).toEqual(['xxxxxxxx', 'z']);
    expect(skipped).toEqual([{ bytes: 9, head: 'yyyyyyyyy', tail: 'yyyyyyyyy' }]);
  });

  it('keeps the edges of a skipped line, whatever its chunks', () => {
    const body = 'x'.repeat(5000);
    const line = `HEAD${body}TAIL`;
    for (const size of [7, 600, 10_000]) {
      const chunks = Array.from({ length: Math.ceil(line.length / size) }, (_, i) =>
        line.slice(i * size, (i + 1) * size),
      );
      const { skipped } = read([...chunks, '\n'], 100);
      expect(skipped).toHaveLength(1);
      expect(skipped[0]?.bytes).toBe(line.length);
      expect(skipped[0]?.head.startsWith('HEADxxx')).toBe(true);
      expect(skipped[0]?.tail.endsWith('xxxTAIL')).toBe(true);
    }
  });
});

describe('idFromEdges', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":7,"result":{"a', '…', 7],
    ['{ "id" : "k1", "result": {', '…', 'k1'],
    ['{"result":{"content":[', '"}]},"jsonrpc":"2.0","id":12}', 12],
    ['{"result":{', '},"id":"x","jsonrpc":"2.0"}', 'x'],
    ['{"result":{"id":5,', '"}]}}', undefined],
  ])('reads %s … %s as %s', (head, tail, id) => {
    expect(idFromEdges({ bytes: 1, head, tail })).toBe(id);
  });
});
