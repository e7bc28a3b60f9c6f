/**
 * Text as a terminal sees it: how many columns it takes, how it is cut to fit, and how text from elsewhere is made safe.
 * The decision to know: width is counted per code point with the East Asian wide ranges and emoji as two columns. A few
 * joined emoji are counted too wide by that, which costs a blank and breaks nothing.
 */

import { stripVTControlCharacters } from 'node:util';

/** The characters that most terminals draw two columns wide: Hangul, CJK, kana, full-width forms, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
/** Marks that sit on the character before them, and format characters such as the zero-width joiner. */
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns that `text` takes in a terminal. Expects no control characters. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** `text` in at most `width` columns; what does not fit gives way to `…`. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return width < 1 ? '' : `${kept.trimEnd()}…`;
}

/** `text` with blanks up to `width` columns, on the right, or on the left for `end` alignment. */
export function padToWidth(text: string, width: number, align: 'start' | 'end' = 'start'): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'end' ? blanks + text : text + blanks;
}

/**
 * `text` without what could steer a terminal (escape sequences, backspaces, direction overrides); line breaks and tabs
 * stay. Used for every text that a server, a program or a file may have written.
 */
export function safeText(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** `safeText` on one line: line breaks and runs of blanks become one blank. */
export function oneLine(text: string): string {
  return safeText(text).replace(/\s+/gu, ' ').trim();
}

function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
