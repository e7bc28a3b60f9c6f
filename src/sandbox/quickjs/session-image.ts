/**
 * The memory of a session between two runs: what a guest's memory differs by from the snapshot that every guest begins
 * with (docs/adr/0014). Taken when a run has ended and no guest code is on the stack; laid over a guest that is as the
 * snapshot says, byte for byte.
 *
 *   8 words of head │ runs of pages: first page, number of pages │ their bytes, XORed with the snapshot's
 *
 * Decisions to know: pages of the snapshot are kept as a difference, because a run touches most of them and changes little
 * in each (counts of references), so that they compress to almost nothing. The stack is left out: nothing on it is alive
 * between two runs. The engine's queue of jobs is emptied first: what an ended run had still planned does not happen in
 * the next one.
 */
import { heapBreak, type Snapshot, STACK_REACH_BYTES } from './snapshot.ts';

const PAGE = 4096;
const WASM_PAGE = 65_536;
const MAGIC = 0x31495351;
const HEAD_WORDS = 4;

/** Why an image was not laid over a guest. */
export type Misfit = 'memory' | 'broken';

interface PageRun {
  readonly first: number;
  readonly count: number;
}

/** Takes the image out of `memory`, whose queue of jobs it empties: the guest runs nothing more before its reset. */
export function takeSessionImage(
  snapshot: Snapshot,
  memory: WebAssembly.Memory,
  jobList: number,
): Uint8Array<ArrayBuffer> {
  emptyList(memory, jobList);
  const bytes = new Uint8Array(memory.buffer);
  const end = Math.min(bytes.length, Math.ceil(heapBreak(snapshot, memory) / PAGE) * PAGE);
  const base = baseOf(snapshot, end);
  const runs = changedRuns(bytes, base, stackPagesOf(snapshot), end / PAGE);
  const pages = runs.reduce((sum, { count }) => sum + count, 0);
  const headBytes = (HEAD_WORDS + runs.length * 2) * 4;
  const image = new Uint8Array(headBytes + pages * PAGE);
  const head = new Uint32Array(image.buffer, 0, HEAD_WORDS + runs.length * 2);
  head.set([MAGIC, end, runs.length, pages]);
  let at = headBytes;
  for (const [index, { first, count }] of runs.entries()) {
    head[HEAD_WORDS + index * 2] = first;
    head[HEAD_WORDS + index * 2 + 1] = count;
    image.set(bytes.subarray(first * PAGE, (first + count) * PAGE), at);
    xorInto(image, at, base.bytes, first * PAGE, count * PAGE);
    at += count * PAGE;
  }
  return image;
}

/**
 * Lays `image` over a memory that is as the snapshot says, growing it where the session needs more, up to `memoryBytesMax`.
 * Answers why it cannot; the memory is then as it was.
 */
export function applySessionImage(
  snapshot: Snapshot,
  memory: WebAssembly.Memory,
  image: Uint8Array,
  memoryBytesMax: number,
): Misfit | undefined {
  const runs = readRuns(image, stackPagesOf(snapshot));
  if (runs === undefined) return 'broken';
  const { end, pages, dataAt } = runs;
  if (end > memoryBytesMax) return 'memory';
  const missing = Math.ceil((end - memory.buffer.byteLength) / WASM_PAGE);
  if (missing > 0) {
    try {
      memory.grow(missing);
    } catch {
      return 'memory';
    }
  }
  const bytes = new Uint8Array(memory.buffer);
  let at = dataAt;
  for (const { first, count } of pages) {
    xorInto(bytes, first * PAGE, image, at, count * PAGE);
    at += count * PAGE;
  }
  return undefined;
}

/** The engine's list is a word for the last and one for the first entry; an empty one points to itself. */
function emptyList(memory: WebAssembly.Memory, address: number): void {
  new Uint32Array(memory.buffer, address, 2).fill(address);
}

/** Pages that hold nothing but stack: it ends where the engine's first allocation begins, which is its runtime. */
function stackPagesOf({ heapStart, template }: Snapshot): PageRun {
  const first = Math.ceil((heapStart - STACK_REACH_BYTES) / PAGE);
  return { first, count: Math.floor(template.runtime / PAGE) - first };
}

interface Base {
  /** The snapshot as one stretch of memory, up to the end of its last page. */
  readonly bytes: Uint8Array;
}

const bases = new WeakMap<Snapshot, Base>();

/** Made once for a worker: some five megabytes of which most is never touched. */
function baseOf(snapshot: Snapshot, _end: number): Base {
  let base = bases.get(snapshot);
  if (base === undefined) {
    const last = snapshot.runs.at(-1);
    const bytes = new Uint8Array(last === undefined ? 0 : last.start + last.bytes.length);
    for (const run of snapshot.runs) bytes.set(run.bytes, run.start);
    base = { bytes };
    bases.set(snapshot, base);
  }
  return base;
}

const ZEROES = new Uint8Array(PAGE);

function changedRuns(bytes: Uint8Array, { bytes: base }: Base, stack: PageRun, pages: number): PageRun[] {
  const runs: Array<{ first: number; count: number }> = [];
  for (let page = 0; page < pages; page++) {
    if (page === stack.first) page += stack.count;
    const from = page * PAGE;
    const before = from < base.length ? base.subarray(from, from + PAGE) : ZEROES;
    if (Buffer.compare(bytes.subarray(from, from + PAGE), before) === 0) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === page) last.count++;
    else runs.push({ first: page, count: 1 });
  }
  return runs;
}

/** `target[at…] ^= source[from…]`, where `source` may end before. All offsets are multiples of four. */
function xorInto(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void {
  const words = Math.min(length, source.length - from) / 4;
  if (words <= 0) return;
  const to = new Uint32Array(target.buffer, target.byteOffset + at, words);
  const with_ = new Uint32Array(source.buffer, source.byteOffset + from, words);
  for (let index = 0; index < words; index++) to[index] = (to[index] as number) ^ (with_[index] as number);
}

/** The runs of an image, or undefined when it is none: its bytes come from a store. */
function readRuns(
  image: Uint8Array,
  stack: PageRun,
): { end: number; pages: readonly PageRun[]; dataAt: number } | undefined {
  if (image.length < HEAD_WORDS * 4 || image.byteOffset % 4 !== 0) return undefined;
  const [magic, end, count, total] = new Uint32Array(image.buffer, image.byteOffset, HEAD_WORDS) as unknown as number[];
  if (magic !== MAGIC || end === undefined || count === undefined || total === undefined) return undefined;
  const dataAt = (HEAD_WORDS + count * 2) * 4;
  if (dataAt + total * PAGE !== image.length) return undefined;
  const table = new Uint32Array(image.buffer, image.byteOffset + HEAD_WORDS * 4, count * 2);
  const pages: PageRun[] = [];
  let past = 0;
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const run = { first: table[index * 2] as number, count: table[index * 2 + 1] as number };
    const isStack = run.first < stack.first + stack.count && run.first + run.count > stack.first;
    if (run.first < past || run.count === 0 || isStack) return undefined;
    past = run.first + run.count;
    sum += run.count;
    pages.push(run);
  }
  if (sum !== total || past * PAGE > end) return undefined;
  return { end, pages, dataAt };
}
