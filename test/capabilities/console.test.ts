import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConsoleCapability, type ConsoleLine, prefixOfBytes } from '../../src/capabilities/console.ts';

describe('the console of a run', () => {
  it('keeps lines in order and tells the listener of each', () => {
    const heard: ConsoleLine[] = [];
    const console = new ConsoleCapability({ logBytes: 100, onLine: (line) => heard.push(line) });
    console.write('info', 'one');
    console.write('error', 'two\nlines');
    expect(console.lines).toEqual([
      { level: 'info', text: 'one' },
      { level: 'error', text: 'two\nlines' },
    ]);
    expect(heard).toEqual(console.lines);
    expect(console.dropped).toBe(0);
  });

  it('cuts the line that reaches the limit and counts it and all that follow', () => {
    const console = new ConsoleCapability({ logBytes: 10 });
    console.write('info', 'abcd'); // 5 bytes with the one that each line costs
    console.write('info', 'efghij');
    console.write('info', '');
    console.write('info', 'k');
    expect(console.lines.map((line) => line.text)).toEqual(['abcd', 'efgh']);
    expect(console.dropped).toBe(3);
  });

  it('keeps a line that fits to the byte', () => {
    const console = new ConsoleCapability({ logBytes: 10 });
    console.write('info', 'éééé1'); // 9 bytes and one
    expect(console.lines.map((line) => line.text)).toEqual(['éééé1']);
    expect(console.dropped).toBe(0);
    console.write('info', '');
    expect(console.dropped).toBe(1);
  });

  it('keeps nothing, and tells nobody, when the limit is 0', () => {
    const heard: ConsoleLine[] = [];
    const console = new ConsoleCapability({ logBytes: 0, onLine: (line) => heard.push(line) });
    console.write('info', '');
    console.write('info', 'a');
    expect([console.lines, heard, console.dropped]).toEqual([[], [], 2]);
  });

  it('has an end for empty lines too', () => {
    const console = new ConsoleCapability({ logBytes: 64 });
    for (let i = 0; i < 100; i++) console.write('debug', '');
    expect([console.lines.length, console.dropped]).toEqual([64, 36]);
  });

  it('never splits a surrogate pair', () => {
    const console = new ConsoleCapability({ logBytes: 8 });
    console.write('info', 'ab😀😀');
    expect(console.lines.map((line) => line.text)).toEqual(['ab😀']);
    expect(console.dropped).toBe(1);
  });

  it('never holds more bytes than the limit, whatever is written', () => {
    const lines = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.nat(200), lines, (logBytes, texts) => {
        const console = new ConsoleCapability({ logBytes });
        for (const text of texts) console.write('info', text);
        const kept = console.lines.map((line) => line.text);
        const whole = kept.filter((text, index) => text === texts[index]).length;
        expect(kept.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0)).toBeLessThanOrEqual(logBytes);
        expect(kept.every((text, index) => texts[index]?.startsWith(text))).toBe(true);
        expect(whole + console.dropped).toBe(texts.length);
      }),
    );
  });
});

describe('prefixOfBytes', () => {
  it('is the longest beginning that fits and ends between two characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.nat(80), (text, bytes) => {
        let longest = '';
        for (const character of text) {
          if (Buffer.byteLength(longest + character) > bytes) break;
          longest += character;
        }
        expect(prefixOfBytes(text, bytes)).toBe(longest);
      }),
    );
  });
});
