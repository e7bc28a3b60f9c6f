/**
 * The pre-tokenizer of o200k_base: cuts a text into the pieces inside which byte pairs are merged. It stands between the
 * text and `merge`. The rule is this regular expression (flags `u`), which the tests hold it against:
 *
 *   1  [^\r\n\p{L}\p{N}]? [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]* [\p{Ll}\p{Lm}\p{Lo}\p{M}]+ ('s|'t|'re|'ve|'m|'ll|'d)?
 *   2  [^\r\n\p{L}\p{N}]? [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+ [\p{Ll}\p{Lm}\p{Lo}\p{M}]* ('s|'t|'re|'ve|'m|'ll|'d)?
 *   3  \p{N}{1,3}      4   ?[^\s\p{L}\p{N}]+[\r\n/]*      5  \s*[\r\n]+      6  \s+(?!\S)      7  \s+
 *
 * It is written out as a scanner because a backtracking expression needs a stack as long as the text (a hostile result of
 * several megabytes overflows it) and makes a string of every piece; this makes none and reads a text at most twice.
 */
import { CLASS, type RankTable } from './rank-table.ts';

const LETTER = CLASS.upper | CLASS.lower | CLASS.caseless;
const UPPER_RUN = CLASS.upper | CLASS.caseless | CLASS.mark;
const LOWER_RUN = CLASS.lower | CLASS.caseless | CLASS.mark;
const BOTH_RUNS = UPPER_RUN & LOWER_RUN;
const WORD_PREFIX = CLASS.space | CLASS.mark | CLASS.other;
const SYMBOL = CLASS.mark | CLASS.other;
const WHITE = CLASS.space | CLASS.lineBreak;

const SPACE = 0x20;
const SLASH = 0x2f;
const APOSTROPHE = 0x27;

/** Finds where pieces end. Positions are UTF-16 code units; a surrogate pair is never cut. */
export class Splitter {
  readonly #index: Uint8Array;
  readonly #blocks: Uint8Array;

  constructor(table: RankTable) {
    this.#index = table.classIndex;
    this.#blocks = table.classBlocks;
  }

  /** End of the piece that begins at `start`, which must be below `text.length`. Always greater than `start`. */
  pieceEnd(text: string, start: number): number {
    const first = this.#classAt(text, start);
    const word = this.#wordEnd(text, start, first);
    if (word > 0) return word;
    if (first === CLASS.number) return this.#numberEnd(text, start);
    const symbols = text.charCodeAt(start) === SPACE ? start + 1 : start;
    const symbolsEnd = this.#runEnd(text, symbols, SYMBOL);
    if (symbolsEnd > symbols) return lineTailEnd(text, symbolsEnd);
    return this.#whiteEnd(text, start);
  }

  /** Alternatives 1 and 2, or -1. */
  #wordEnd(text: string, start: number, first: number): number {
    const prefixed = (first & WORD_PREFIX) !== 0;
    if (!prefixed && (first & LETTER) === 0) return -1;
    const from = prefixed ? start + widthAt(text, start) : start;
    let at = from;
    // The upper-case run gives back what the lower-case run must have: its last character that is in both.
    let lastInBothEnd = prefixed && first === CLASS.mark ? from : -1;
    let following = 0;
    while (at < text.length) {
      following = this.#classAt(text, at);
      if ((following & UPPER_RUN) === 0) break;
      at += widthAt(text, at);
      if ((following & BOTH_RUNS) !== 0) lastInBothEnd = at;
    }
    if (at < text.length && following === CLASS.lower) return contractionEnd(text, this.#runEnd(text, at, LOWER_RUN));
    if (lastInBothEnd >= 0) return lastInBothEnd === at ? contractionEnd(text, at) : lastInBothEnd;
    return at > from ? contractionEnd(text, at) : -1;
  }

  /** Alternative 3. */
  #numberEnd(text: string, start: number): number {
    let at = start;
    for (let digits = 0; digits < 3 && at < text.length && this.#classAt(text, at) === CLASS.number; digits++) {
      at += widthAt(text, at);
    }
    return at;
  }

  /** Alternatives 5, 6 and 7: up to the last line break, else all but the last character, else the one there is. */
  #whiteEnd(text: string, start: number): number {
    let at = start;
    let lastBreakEnd = -1;
    for (; at < text.length; at++) {
      const kind = this.#classAt(text, at);
      if ((kind & WHITE) === 0) break;
      if (kind === CLASS.lineBreak) lastBreakEnd = at + 1;
    }
    if (lastBreakEnd > 0) return lastBreakEnd;
    return at === text.length || at === start + 1 ? at : at - 1;
  }

  #runEnd(text: string, start: number, classes: number): number {
    let at = start;
    while (at < text.length && (this.#classAt(text, at) & classes) !== 0) at += widthAt(text, at);
    return at;
  }

  #classAt(text: string, at: number): number {
    const unit = text.charCodeAt(at);
    const point = (unit & 0xfc00) === 0xd800 ? (text.codePointAt(at) as number) : unit;
    return this.#blocks[((this.#index[point >> 8] as number) << 8) | (point & 255)] as number;
  }
}

/** Code units of the character at `at`: 2 for a surrogate pair. */
function widthAt(text: string, at: number): number {
  if ((text.charCodeAt(at) & 0xfc00) !== 0xd800) return 1;
  return (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00 ? 2 : 1;
}

/** The tail of alternative 4: line breaks and slashes after symbols. */
function lineTailEnd(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x0d && unit !== 0x0a && unit !== SLASH) break;
  }
  return at;
}

/** `at`, or the end of an English contraction that begins there. */
function contractionEnd(text: string, at: number): number {
  if (text.charCodeAt(at) !== APOSTROPHE) return at;
  const one = asciiLower(text.charCodeAt(at + 1));
  if (one === 's' || one === 'd' || one === 'm' || one === 't') return at + 2;
  const two = one + asciiLower(text.charCodeAt(at + 2));
  return two === 'll' || two === 've' || two === 're' ? at + 3 : at;
}

function asciiLower(unit: number): string {
  if (unit >= 0x41 && unit <= 0x5a) return String.fromCharCode(unit + 0x20);
  return unit >= 0x61 && unit <= 0x7a ? String.fromCharCode(unit) : '';
}
