/**
 * Makes `dist/o200k.bin` from the rank list that gpt-tokenizer carries (the published `o200k_base.tiktoken`: one line per
 * token, base64 and rank). Runs at build time only; layout and hash come from the reader, src/engine/tokens/rank-table.
 * Loading gpt-tokenizer itself costs 129 ms and 74 MB, which a process that must answer in 90 ms and idle in 90 MB has not.
 */
import {
  CLASS,
  fingerprintOf,
  finishHash,
  HASH_PRIME,
  HASH_START,
  HEADER,
  HEADER_BYTES,
  RANK_BITS,
  TABLE_MAGIC,
} from '../src/engine/tokens/rank-table.ts';

/** 524,288 slots for 199,998 tokens: a miss, the common case, looks at fewer than two slots on average. */
const SLOT_BITS = 19;
const CODE_POINTS = 0x110000;

/** `rankList` is the text of a `.tiktoken` file. Ranks must be 0, 1, 2, … without a gap. */
export function makeTokenTable(rankList: Buffer): Uint8Array {
  const { offsets, bytes, longest } = readRanks(rankList);
  const count = offsets.length - 1;
  const slots = hashSlots(offsets, bytes);
  const classes = classTables();

  const offsetsAt = HEADER_BYTES;
  const slotsAt = offsetsAt + offsets.byteLength;
  const classIndexAt = slotsAt + slots.byteLength;
  const classBlocksAt = classIndexAt + classes.index.byteLength;
  const tokenBytesAt = classBlocksAt + classes.blocks.byteLength;
  const totalBytes = tokenBytesAt + bytes.byteLength;

  const table = new Uint8Array(totalBytes);
  const view = new DataView(table.buffer);
  const header: Record<keyof typeof HEADER, number> = {
    magic: TABLE_MAGIC,
    tokenCount: count,
    slotBits: SLOT_BITS,
    tokenBytesMax: longest,
    offsetsAt,
    slotsAt,
    classIndexAt,
    classBlocksAt,
    tokenBytesAt,
    totalBytes,
  };
  for (const [field, index] of Object.entries(HEADER)) {
    view.setUint32(index * 4, header[field as keyof typeof HEADER], true);
  }
  for (const [index, offset] of offsets.entries()) view.setUint32(offsetsAt + index * 4, offset, true);
  for (const [index, slot] of slots.entries()) view.setUint32(slotsAt + index * 4, slot, true);
  table.set(classes.index, classIndexAt);
  table.set(classes.blocks, classBlocksAt);
  table.set(bytes, tokenBytesAt);
  return table;
}

function readRanks(rankList: Buffer): { offsets: Uint32Array; bytes: Uint8Array; longest: number } {
  const lines = rankList.toString('latin1').trimEnd().split('\n');
  const offsets = new Uint32Array(lines.length + 1);
  const bytes = Buffer.alloc(rankList.length);
  let at = 0;
  let longest = 0;
  for (const [expected, line] of lines.entries()) {
    const space = line.indexOf(' ');
    if (Number(line.slice(space + 1)) !== expected) {
      throw new Error(`o200k_base.tiktoken, line ${expected + 1}: expected rank ${expected}, read "${line}".`);
    }
    const length = bytes.write(line.slice(0, space), at, 'base64');
    longest = Math.max(longest, length);
    at += length;
    offsets[expected + 1] = at;
  }
  if (lines.length >= 2 ** RANK_BITS - 1) throw new Error(`${lines.length} tokens do not fit ${RANK_BITS} bits.`);
  return { offsets, bytes: new Uint8Array(bytes.subarray(0, at)), longest };
}

function hashSlots(offsets: Uint32Array, bytes: Uint8Array): Uint32Array {
  const slots = new Uint32Array(2 ** SLOT_BITS);
  for (let rank = 0; rank + 1 < offsets.length; rank++) {
    let hash = HASH_START;
    const end = offsets[rank + 1] as number;
    for (let at = offsets[rank] as number; at < end; at++) {
      hash = Math.imul(hash ^ (bytes[at] as number), HASH_PRIME);
    }
    hash = finishHash(hash);
    let slot = hash & (slots.length - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
    slots[slot] = ((fingerprintOf(hash) << RANK_BITS) | (rank + 1)) >>> 0;
  }
  return slots;
}

/** The class of every code point by the Unicode version of the Node that builds, in blocks of 256, equal blocks once. */
function classTables(): { index: Uint8Array; blocks: Uint8Array } {
  const classes = new Uint8Array(CODE_POINTS).fill(CLASS.other);
  // Planes 4 to 13 have no characters; surrogates must not be joined into a string, and are `other`.
  let assigned = '';
  for (let point = 0; point < CODE_POINTS; point++) {
    if (point === 0xd800) point = 0xe000;
    if (point === 0x40000) point = 0xe0000;
    if (point === 0xf0000) break;
    assigned += String.fromCodePoint(point);
  }
  const mark = (pattern: RegExp, value: number): void => {
    for (const { 0: run } of assigned.matchAll(pattern)) {
      for (const character of run) classes[character.codePointAt(0) as number] = value;
    }
  };
  mark(/[\p{Lu}\p{Lt}]+/gu, CLASS.upper);
  mark(/\p{Ll}+/gu, CLASS.lower);
  mark(/[\p{Lm}\p{Lo}]+/gu, CLASS.caseless);
  mark(/\p{M}+/gu, CLASS.mark);
  mark(/\p{N}+/gu, CLASS.number);
  mark(/\s+/gu, CLASS.space);
  mark(/[\r\n]+/gu, CLASS.lineBreak);

  const index = new Uint8Array(CODE_POINTS >> 8);
  const known = new Map<string, number>();
  const blocks: Buffer[] = [];
  for (let block = 0; block < index.length; block++) {
    const content = Buffer.from(classes.buffer, block << 8, 256);
    const key = content.toString('latin1');
    let number = known.get(key);
    if (number === undefined) {
      number = blocks.length;
      if (number > 255) throw new Error('More than 256 different class blocks: the index needs two bytes.');
      known.set(key, number);
      blocks.push(content);
    }
    index[block] = number;
  }
  return { index, blocks: new Uint8Array(Buffer.concat(blocks)) };
}
