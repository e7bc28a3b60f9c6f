/** The token counter against gpt-tokenizer, which is the reference for o200k_base; exact equality throughout. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants';
import { describe, expect, it } from 'vitest';
import { makeTokenTable } from '../../build/token-table.ts';
import { createTokenCounter, PIECE_UNITS_MAX } from '../../src/engine/tokens/counter.ts';
import { RankTable } from '../../src/engine/tokens/rank-table.ts';
import { Splitter } from '../../src/engine/tokens/split.ts';

const root = join(import.meta.dirname, '../..');
const table = makeTokenTable(readFileSync(join(root, 'node_modules/gpt-tokenizer/data/o200k_base.tiktoken')));
const counter = createTokenCounter(table);
const splitter = new Splitter(new RankTable(table));

const reference = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });

function pieces(text: string): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = splitter.pieceEnd(text, start);
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}

/** Characters of every class, and those that the rules name, so that a short random text meets many rules. */
const PROVOKING = [
  ...[
    'a',
    'b',
    'Z',
    'Q',
    'é',
    'É',
    'ǅ',
    'ʰ',
    '漢',
    'あ',
    'א',
    'ß',
    'ſ',
    '\u0301',
    '\u0940',
    '1',
    '٣',
    '½',
    ' ',
    '  ',
    '\t',
  ],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\u00a0',
    '\u2028',
    '\u0085',
    '/',
    "'",
    "'s",
    "'LL",
    "'vE",
    "'re",
    "'d",
    '’s',
    '!',
    '.',
    '_',
    '{"',
  ],
  ...[
    '😀',
    '👩‍👩‍👧',
    '\ud800',
    '\udc00',
    '\u{10400}',
    '\u{10428}',
    '\u{1d7d8}',
    '\u{e0100}',
    '\0',
    'the',
    ' return',
    '<|endoftext|>',
  ],
];
const provokingText = fc.array(fc.constantFrom(...PROVOKING), { maxLength: 40 }).map((parts) => parts.join(''));
// gpt-tokenizer 4.0.0 loses U+FEFF when it turns bytes back into a string, so it is no reference for that character.
const anyText = fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => !text.includes('\ufeff'));

describe('token counter', () => {
  it('counts source files as the reference does', () => {
    for (const folder of ['src/core', 'src/engine', 'src/sandbox', 'build']) {
      for (const name of readdirSync(join(root, folder)).filter((entry) => entry.endsWith('.ts'))) {
        const text = readFileSync(join(root, folder, name), 'utf8');
        expect(counter.count(text), join(folder, name)).toBe(reference(text));
      }
    }
  });

  it('counts JSON as the reference does, compact and indented', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as unknown;
    for (const text of [JSON.stringify(lock), JSON.stringify(lock, null, 2), JSON.stringify(lock, null, '\t')]) {
      expect(counter.count(text)).toBe(reference(text));
    }
  });

  it.each([
    ['nothing', ''],
    ['Chinese and Japanese', '今日は天気がいいから、散歩しましょう。人工智能正在改变世界。'],
    ['Korean, Arabic, Hindi, Thai', '안녕하세요 세계 مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก'],
    ['emoji with joiners and skin tones', 'Hi 👩🏽‍💻👨‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 ok'],
    ['combining marks', 'Zal\u0334\u0301go e\u0301\u0301\u0301 \u0301start \u0301\u0302'],
    ['lone surrogates', 'a\ud800b \udfff\udfff \ud83d'],
    ['contractions in any case', "I'LL we'Ve don't it’s 'sup '' 'D O'REILLY's"],
    ['digits', '1 12 123 1234 1234567 3.14159 ٣٤٥٦ ½¾'],
    ['white space', ' \t  \n\n  x \r\n\r\n\t y\u00a0\u2003z  '],
    ['mixed case', 'XMLHttpRequest camelCaseName SCREAMING_SNAKE aB Ab ÀÉîöÜ'],
  ])('counts %s as the reference does', (_name, text) => {
    expect(counter.count(text)).toBe(reference(text));
  });

  it('counts special tokens as ordinary text', () => {
    expect(counter.count('<|endoftext|>')).toBe(7);
    expect(counter.count('<|im_start|>user<|im_end|>')).toBe(reference('<|im_start|>user<|im_end|>'));
  });

  it('counts a byte order mark as the one token that it is', () => {
    expect(counter.count('\ufeff')).toBe(1);
  });

  it('counts random text as the reference does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(counter.count(text)).toBe(reference(text));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(provokingText, (text) => {
        expect(counter.count(text)).toBe(reference(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('cuts random text into the pieces of the regular expression', () => {
    fc.assert(
      fc.property(provokingText, (text) => {
        expect(pieces(text)).toEqual([...text.matchAll(O200K_TOKEN_SPLIT_REGEX)].map(([piece]) => piece));
      }),
      { numRuns: 5_000 },
    );
  });

  it('gives the same count again after other words have passed through its cache', () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `qz${(index * 2_654_435_761) % 1_000_003}xv${index}`);
    const first = words.map((word) => counter.count(word));
    expect(words.map((word) => counter.count(word))).toEqual(first);
    expect(first.slice(0, 500)).toEqual(words.slice(0, 500).map(reference));
  });

  it.each(['a', 'A', ' ', '\n', 'ab', '!', '漢', 'é', '\u0301', '0', 'aA', '😀'])(
    'counts long runs of %j as the reference does',
    (unit) => {
      for (const times of [127, 128, 129, 1_000, 3_001]) {
        const text = unit.repeat(times);
        expect(counter.count(text), `${times} times`).toBe(reference(text));
      }
    },
  );

  it('counts 100,000 equal letters without quadratic work', () => {
    expect(counter.count('a'.repeat(100_000))).toBe(12_500);
    expect(counter.count(' '.repeat(100_000))).toBe(782);
  });

  it('counts a piece that is longer than its working space in cuts, and never cuts a surrogate pair', () => {
    expect(counter.count('a'.repeat(PIECE_UNITS_MAX * 2 + 8))).toBe((PIECE_UNITS_MAX * 2) / 8 + 1);
    const shifted = `.${'😀'.repeat(PIECE_UNITS_MAX)}`;
    expect(Math.abs(counter.count(shifted) - PIECE_UNITS_MAX - 1)).toBeLessThan(4);
  });

  it('works on a table at any address, as an embedded asset has one', () => {
    const shifted = new Uint8Array(table.length + 3);
    shifted.set(table, 3);
    expect(createTokenCounter(shifted.subarray(3)).count('The quick brown fox')).toBe(4);
  });

  it('refuses bytes that are not a table', () => {
    expect(() => createTokenCounter(new Uint8Array(100))).toThrowError(/token table is damaged.*100 bytes/);
    expect(() => createTokenCounter(table.subarray(0, table.length - 1))).toThrowError(/token table is damaged/);
  });
});
