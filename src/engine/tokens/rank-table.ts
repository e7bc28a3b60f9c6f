/**
 * The rank table of o200k_base in the form in which it lies in the executable: one block of bytes that is read where it
 * is. Loading it is reading a header; nothing is parsed, copied or allocated, so a process that counts nothing pays
 * nothing. `build/token-table` writes it, and takes layout and hash from here, so that the two cannot drift apart.
 *
 *   header (64 bytes) │ offsets of the tokens (u32 × count + 1) │ hash slots (u32) │ class index │ class blocks │ token bytes
 *
 * A slot is 0 when empty, else `fingerprint << 18 | rank + 1`; collisions go to the next slot. A class is one bit per
 * code point (see `CLASS`), found through a two-stage table with blocks of 256 code points.
 * All numbers are little-endian and read through a DataView, because an embedded asset need not be aligned.
 */
import { OptimizerError } from '../../core/errors.ts';

/** 'o2k' and the version of this layout. */
export const TABLE_MAGIC = 0x026b326f;
export const HEADER_BYTES = 64;
export const RANK_BITS = 18;
const RANK_MASK = (1 << RANK_BITS) - 1;

/** Header fields, as indices of its u32 words. */
export const HEADER = {
  magic: 0,
  tokenCount: 1,
  slotBits: 2,
  tokenBytesMax: 3,
  offsetsAt: 4,
  slotsAt: 5,
  classIndexAt: 6,
  classBlocksAt: 7,
  tokenBytesAt: 8,
  totalBytes: 9,
} as const;

/** Every code point is in exactly one class; the values are bits, so that a set of classes is a mask. */
export const CLASS = {
  /** Lu, Lt */
  upper: 1,
  /** Ll */
  lower: 2,
  /** Lm, Lo: a letter that counts as upper and as lower case */
  caseless: 4,
  /** M */
  mark: 8,
  /** N */
  number: 16,
  /** white space other than a line break */
  space: 32,
  /** CR, LF */
  lineBreak: 64,
  /** everything else, lone surrogates included */
  other: 128,
} as const;

/** Start value and step of the hash (FNV-1a); `finishHash` spreads it, since slots take its low bits only. */
export const HASH_START = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

export function finishHash(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** The bits of a finished hash that a slot keeps above the rank. */
export function fingerprintOf(hash: number): number {
  return hash >>> RANK_BITS;
}

export class RankTable {
  /** Two-stage class table: `classBlocks[classIndex[codePoint >> 8] << 8 | codePoint & 255]`. */
  readonly classIndex: Uint8Array;
  readonly classBlocks: Uint8Array;
  /** Length of the longest token in bytes; a longer run of bytes is never one token. */
  readonly tokenBytesMax: number;
  readonly #view: DataView;
  readonly #tokenBytes: Uint8Array;
  readonly #offsetsAt: number;
  readonly #slotsAt: number;
  readonly #slotMask: number;

  /** `bytes` stays in use for the life of the table and is only read. Throws `internal.error` if it is not a table. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = (field: keyof typeof HEADER): number => view.getUint32(HEADER[field] * 4, true);
    if (bytes.byteLength < HEADER_BYTES || word('magic') !== TABLE_MAGIC || word('totalBytes') !== bytes.byteLength) {
      throw new OptimizerError(
        'internal.error',
        `The token table is damaged or of another version (${bytes.byteLength} bytes).`,
        {
          hint: 'Build again with `npm run build`.',
        },
      );
    }
    this.#view = view;
    this.#offsetsAt = word('offsetsAt');
    this.#slotsAt = word('slotsAt');
    this.#slotMask = (1 << word('slotBits')) - 1;
    this.tokenBytesMax = word('tokenBytesMax');
    this.classIndex = bytes.subarray(word('classIndexAt'), word('classBlocksAt'));
    this.classBlocks = bytes.subarray(word('classBlocksAt'), word('tokenBytesAt'));
    this.#tokenBytes = bytes.subarray(word('tokenBytesAt'));
  }

  /** Rank of the token that is exactly `bytes[start, end)`, or -1. */
  rankOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > this.tokenBytesMax) return -1;
    let hash = HASH_START;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), HASH_PRIME);
    return this.rankOfHashed(bytes, start, end, finishHash(hash));
  }

  /** The same, for a caller that has the finished hash already. */
  rankOfHashed(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const view = this.#view;
    const fingerprint = fingerprintOf(hash);
    for (let slot = hash & this.#slotMask; ; slot = (slot + 1) & this.#slotMask) {
      const entry = view.getUint32(this.#slotsAt + slot * 4, true);
      if (entry === 0) return -1;
      if (entry >>> RANK_BITS !== fingerprint) continue;
      const rank = (entry & RANK_MASK) - 1;
      if (this.#isToken(rank, bytes, start, end)) return rank;
    }
  }

  #isToken(rank: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#view.getUint32(this.#offsetsAt + rank * 4, true);
    const length = end - start;
    if (this.#view.getUint32(this.#offsetsAt + rank * 4 + 4, true) - from !== length) return false;
    for (let index = 0; index < length; index++) {
      if (this.#tokenBytes[from + index] !== bytes[start + index]) return false;
    }
    return true;
  }
}
