/**
 * Byte-pair merging: how many tokens a piece has. Stands behind `split`; works on the piece's UTF-8 bytes.
 * The neighbouring pair with the lowest rank is merged first, the leftmost of equals, until no pair is a token. Parts are
 * a linked list and pairs a heap, so a piece of n bytes costs n·log n and not n²: 100,000 equal letters are a common attack
 * and a common accident. Heap entries of pairs that have changed since are skipped when they come up.
 */
import type { RankTable } from './rank-table.ts';

/** A heap entry is `rank * POSITIONS + position`: ordered by rank, then from the left, and exact in a double. */
const POSITIONS = 2 ** 32;
/** Working space that is kept between calls; a larger piece gets its own, which is dropped afterwards. */
const KEPT_BYTES = 1024;

interface Workspace {
  /** Start of the next part; the part at `at` is `[at, next[at])`. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Rank of the pair that begins at this part, or -1. */
  readonly pairRank: Int32Array;
  readonly heap: Float64Array;
}

export class Merger {
  readonly #table: RankTable;
  readonly #kept: Workspace = workspace(KEPT_BYTES);

  constructor(table: RankTable) {
    this.#table = table;
  }

  /** Number of tokens of `bytes[0, length)`; `length` is at least 1. */
  count(bytes: Uint8Array, length: number): number {
    const table = this.#table;
    const { next, previous, pairRank, heap } = length <= KEPT_BYTES ? this.#kept : workspace(length);
    let heapSize = 0;
    for (let at = 0; at < length; at++) {
      next[at] = at + 1;
      previous[at] = at - 1;
      const rank = at + 2 <= length ? table.rankOf(bytes, at, at + 2) : -1;
      pairRank[at] = rank;
      if (rank >= 0) heapSize = push(heap, heapSize, rank * POSITIONS + at);
    }
    let parts = length;
    while (heapSize > 0) {
      const entry = heap[0] as number;
      heapSize = pop(heap, heapSize);
      const rank = Math.floor(entry / POSITIONS);
      const at = entry - rank * POSITIONS;
      if (pairRank[at] !== rank) continue;
      const gone = next[at] as number;
      const after = next[gone] as number;
      next[at] = after;
      if (after < length) previous[after] = at;
      pairRank[gone] = -1;
      parts--;
      const right = after < length ? table.rankOf(bytes, at, next[after] as number) : -1;
      pairRank[at] = right;
      if (right >= 0) heapSize = push(heap, heapSize, right * POSITIONS + at);
      const before = previous[at] as number;
      if (before < 0) continue;
      const left = table.rankOf(bytes, before, after);
      pairRank[before] = left;
      if (left >= 0) heapSize = push(heap, heapSize, left * POSITIONS + before);
    }
    return parts;
  }
}

/** Every byte begins at most one pair, and every merge adds at most two: three entries a byte are enough. */
function workspace(bytes: number): Workspace {
  return {
    next: new Int32Array(bytes),
    previous: new Int32Array(bytes),
    pairRank: new Int32Array(bytes),
    heap: new Float64Array(bytes * 3),
  };
}

/** Adds `entry` to the min-heap `heap[0, size)`; answers the new size. */
function push(heap: Float64Array, size: number, entry: number): number {
  let at = size;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as number;
    if (above <= entry) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
  return size + 1;
}

/** Removes the least entry; answers the new size. */
function pop(heap: Float64Array, size: number): number {
  const last = size - 1;
  const entry = heap[last] as number;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= last) break;
    if (child + 1 < last && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= entry) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = entry;
  return last;
}
