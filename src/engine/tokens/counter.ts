/**
 * The token counter: how many o200k_base tokens a text costs. Called for every answer that a model sees, and for what the
 * same work would have cost without the optimizer (docs/tokens.md).
 * It counts and never makes token ids. Special tokens such as `<|endoftext|>` are ordinary text here: what a tool answers
 * must not be able to make itself cheaper. A lone surrogate counts as U+FFFD, which is what reaches a model.
 */

import { Merger } from './merge.ts';
import { finishHash, HASH_PRIME, HASH_START, RankTable } from './rank-table.ts';
import { Splitter } from './split.ts';

export interface TokenCounter {
  /** Number of o200k_base tokens of `text`. Never throws; time grows with the length of the text, whatever it holds. */
  count(text: string): number;
}

/**
 * Code units of one piece that are merged together. A longer piece (a megabyte of one letter) is counted in cuts of this
 * length, which bounds the working memory to some 25 MB; each cut may shift the count by a token or two.
 */
export const PIECE_UNITS_MAX = 256 * 1024;

/** Remembered words: direct-mapped, so bounded without bookkeeping. Entry: length, count, bytes. */
const CACHE_ENTRIES = 8192;
const CACHE_ENTRY_BYTES = 32;
const CACHED_WORD_BYTES_MAX = CACHE_ENTRY_BYTES - 2;

/** `bytes` is the asset `o200k.bin`; it is read in place and must not change afterwards. */
export function createTokenCounter(bytes: Uint8Array): TokenCounter {
  return new Counter(new RankTable(bytes));
}

class Counter implements TokenCounter {
  readonly #table: RankTable;
  readonly #splitter: Splitter;
  readonly #merger: Merger;
  readonly #cache = new Uint8Array(CACHE_ENTRIES * CACHE_ENTRY_BYTES);
  #piece = new Uint8Array(1024);

  constructor(table: RankTable) {
    this.#table = table;
    this.#splitter = new Splitter(table);
    this.#merger = new Merger(table);
  }

  count(text: string): number {
    let tokens = 0;
    for (let start = 0; start < text.length; ) {
      const end = this.#splitter.pieceEnd(text, start);
      while (end - start > PIECE_UNITS_MAX) {
        const cut = start + PIECE_UNITS_MAX;
        const whole = (text.charCodeAt(cut - 1) & 0xfc00) === 0xd800 ? cut - 1 : cut;
        tokens += this.#countPiece(text, start, whole);
        start = whole;
      }
      tokens += this.#countPiece(text, start, end);
      start = end;
    }
    if (this.#piece.length > 64 * 1024) this.#piece = new Uint8Array(1024);
    return tokens;
  }

  #countPiece(text: string, start: number, end: number): number {
    const length = this.#encode(text, start, end);
    const piece = this.#piece;
    let hash = HASH_START;
    for (let at = 0; at < length; at++) hash = Math.imul(hash ^ (piece[at] as number), HASH_PRIME);
    hash = finishHash(hash);
    if (length <= this.#table.tokenBytesMax && this.#table.rankOfHashed(piece, 0, length, hash) >= 0) return 1;
    if (length > CACHED_WORD_BYTES_MAX) return this.#merger.count(piece, length);
    const entry = (hash & (CACHE_ENTRIES - 1)) * CACHE_ENTRY_BYTES;
    if (this.#isCached(entry, length)) return this.#cache[entry + 1] as number;
    const tokens = this.#merger.count(piece, length);
    this.#cache[entry] = length;
    this.#cache[entry + 1] = tokens;
    this.#cache.set(piece.subarray(0, length), entry + 2);
    return tokens;
  }

  #isCached(entry: number, length: number): boolean {
    const cache = this.#cache;
    if (cache[entry] !== length) return false;
    for (let at = 0; at < length; at++) if (cache[entry + 2 + at] !== this.#piece[at]) return false;
    return true;
  }

  /** Writes the UTF-8 of `text[start, end)` into the piece buffer; answers its length. */
  #encode(text: string, start: number, end: number): number {
    const needed = (end - start) * 3;
    if (needed > this.#piece.length) this.#piece = new Uint8Array(Math.max(needed, this.#piece.length * 2));
    const piece = this.#piece;
    let length = 0;
    for (let at = start; at < end; at++) {
      let point = text.charCodeAt(at);
      if (point < 0x80) {
        piece[length++] = point;
        continue;
      }
      if (point < 0x800) {
        piece[length++] = 0xc0 | (point >> 6);
        piece[length++] = 0x80 | (point & 0x3f);
        continue;
      }
      if ((point & 0xf800) === 0xd800) {
        point = at + 1 < end ? (text.codePointAt(at) as number) : 0xfffd;
        if (point > 0xffff) {
          at++;
          piece[length++] = 0xf0 | (point >> 18);
          piece[length++] = 0x80 | ((point >> 12) & 0x3f);
          piece[length++] = 0x80 | ((point >> 6) & 0x3f);
          piece[length++] = 0x80 | (point & 0x3f);
          continue;
        }
        point = 0xfffd;
      }
      piece[length++] = 0xe0 | (point >> 12);
      piece[length++] = 0x80 | ((point >> 6) & 0x3f);
      piece[length++] = 0x80 | (point & 0x3f);
    }
    return length;
  }
}
