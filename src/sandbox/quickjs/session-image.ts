/**
 * The memory of a session between two runs: what a guest's memory differs by from the snapshot that every guest begins
 * with (docs/adr/0017). Taken when a run has ended and no guest code is on the stack; laid over a guest that is as the
 * snapshot says, byte for byte.
 *
 *   4 words of head │ runs of pages: first page, number of pages and form │ their bytes
 *
 * Decisions to know. Pages are kept in one of two forms, whichever leaves less to compress: XORed with the snapshot's page,
 * where a run has changed little of it (counts of references), or with every word that may be a pointer into the heap
 * replaced by its distance from where it lies, so that equal objects look equal wherever they are. Both are undone word by
 * word, whatever the words mean. The stack is left out: nothing on it is alive between two runs. The engine's queue of jobs
 * is emptied first: what an ended run had still planned does not happen in the next one.
 */
import { heapBreak, type Snapshot } from './snapshot.ts';

const PAGE = 4096;
const PAGE_WORDS = PAGE / 4;
const WASM_PAGE = 65_536;
/** What both engine builds reserve between their static data and their heap; most of it is never touched. */
const STACK_BYTES = 5 * 1024 * 1024;
/** `QSI2`. */
const MAGIC = 0x32495351;
const HEAD_WORDS = 4;

/** Why an image was not laid over a guest. */
export type Misfit = 'memory' | 'broken';

interface PageRun {
  readonly first: number;
  readonly count: number;
  /** Whether the pages are XORed with the snapshot's; else their pointers are distances. */
  readonly isXor: boolean;
}

/** The heap, as far as pointers are looked for: from the engine's first allocation to the end of the last page. */
interface Heap {
  readonly start: number;
  readonly end: number;
}

/** Takes the image out of `memory`, whose queue of jobs it empties: the guest runs nothing more before its reset. */
export function takeSessionImage(
  snapshot: Snapshot,
  memory: WebAssembly.Memory,
  jobList: number,
): Uint8Array<ArrayBuffer> {
  emptyList(memory, jobList);
  const words = new Int32Array(memory.buffer);
  const end = Math.min(memory.buffer.byteLength, Math.ceil(heapBreak(snapshot, memory) / PAGE) * PAGE);
  const heap = { start: snapshot.template.runtime, end };
  const base = baseOf(snapshot);
  const runs = changedRuns(words, base, heap, stackPagesOf(snapshot));
  const pages = runs.reduce((sum, { count }) => sum + count, 0);
  const headWords = HEAD_WORDS + runs.length * 2;
  const image = new Int32Array(headWords + pages * PAGE_WORDS);
  image.set([MAGIC, end, runs.length, pages]);
  let at = headWords;
  for (const [index, { first, count, isXor }] of runs.entries()) {
    image[HEAD_WORDS + index * 2] = first;
    image[HEAD_WORDS + index * 2 + 1] = count * 2 + (isXor ? 1 : 0);
    image.set(words.subarray(first * PAGE_WORDS, (first + count) * PAGE_WORDS), at);
    const target = image.subarray(at, at + count * PAGE_WORDS);
    if (isXor) xorInto(target, base.subarray(first * PAGE_WORDS, (first + count) * PAGE_WORDS));
    else toDistances(target, first * PAGE, heap);
    at += count * PAGE_WORDS;
  }
  return new Uint8Array(image.buffer);
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
  const runs = readRuns(image, { start: snapshot.template.runtime }, stackPagesOf(snapshot));
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
  const words = new Int32Array(memory.buffer);
  const heap = { start: snapshot.template.runtime, end };
  let at = dataAt;
  for (const { first, count, isXor } of pages) {
    const data = image.subarray(at * 4, (at + count * PAGE_WORDS) * 4);
    const source = new Int32Array(data.buffer, data.byteOffset, count * PAGE_WORDS);
    const target = words.subarray(first * PAGE_WORDS, (first + count) * PAGE_WORDS);
    if (isXor) xorInto(target, source);
    else {
      target.set(source);
      fromDistances(target, first * PAGE, heap);
    }
    at += count * PAGE_WORDS;
  }
  return undefined;
}

/** The engine's list is a word for the last and one for the first entry; an empty one points to itself. */
function emptyList(memory: WebAssembly.Memory, address: number): void {
  new Int32Array(memory.buffer, address, 2).fill(address);
}

interface StackPages {
  readonly first: number;
  readonly end: number;
}

/** Pages that hold nothing but stack: it ends where the engine's first allocation begins, which is its runtime. */
function stackPagesOf({ template }: Snapshot): StackPages {
  const { runtime } = template;
  return { first: Math.ceil((runtime - STACK_BYTES) / PAGE), end: Math.floor(runtime / PAGE) };
}

const bases = new WeakMap<Snapshot, Int32Array>();

/** The snapshot as one stretch of memory up to its last page; made once for a worker, mostly never touched. */
function baseOf(snapshot: Snapshot): Int32Array {
  let base = bases.get(snapshot);
  if (base === undefined) {
    const last = snapshot.runs.at(-1);
    const bytes = new Uint8Array(last === undefined ? 0 : last.start + last.bytes.length);
    for (const run of snapshot.runs) bytes.set(run.bytes, run.start);
    base = new Int32Array(bytes.buffer);
    bases.set(snapshot, base);
  }
  return base;
}

const ZEROES = new Int32Array(PAGE_WORDS);

function changedRuns(words: Int32Array, base: Int32Array, heap: Heap, stack: StackPages): PageRun[] {
  const runs: Array<{ first: number; count: number; isXor: boolean }> = [];
  for (let page = 0; page < heap.end / PAGE; page++) {
    if (page === stack.first) page = stack.end;
    const from = page * PAGE_WORDS;
    const now = words.subarray(from, from + PAGE_WORDS);
    const before = from < base.length ? base.subarray(from, from + PAGE_WORDS) : ZEROES;
    if (Buffer.compare(bytesOf(now), bytesOf(before)) === 0) continue;
    const isXor = page * PAGE < heap.start || equalWords(now, before) > PAGE_WORDS / 2;
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === page && last.isXor === isXor) last.count++;
    else runs.push({ first: page, count: 1, isXor });
  }
  return runs;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function equalWords(a: Int32Array, b: Int32Array): number {
  let same = 0;
  for (let index = 0; index < PAGE_WORDS; index++) if (a[index] === b[index]) same++;
  return same;
}

/** `target ^= source`, where `source` may be shorter. */
function xorInto(target: Int32Array, source: Int32Array): void {
  for (let index = 0; index < source.length; index++) {
    target[index] = (target[index] as number) ^ (source[index] as number);
  }
}

/**
 * A word inside the heap's range becomes its distance from its own place, counted from `start` and around the end. Words
 * are signed, since with those the engine calculates fastest; addresses stay below 1 GiB.
 */
function toDistances(words: Int32Array, address: number, { start, end }: Heap): void {
  for (let index = 0; index < words.length; index++, address += 4) {
    const word = words[index] as number;
    if (word < start || word >= end) continue;
    words[index] = word >= address ? word - address + start : word - address + end;
  }
}

/** The reverse: both map the range onto itself, one to one. */
function fromDistances(words: Int32Array, address: number, { start, end }: Heap): void {
  for (let index = 0; index < words.length; index++, address += 4) {
    const word = words[index] as number;
    if (word < start || word >= end) continue;
    const back = word - start + address;
    words[index] = back < end ? back : back - end + start;
  }
}

/** The runs of an image, `dataAt` in words; or undefined when it is none: its bytes come from a store. */
function readRuns(
  image: Uint8Array,
  { start }: { readonly start: number },
  stack: StackPages,
): { end: number; pages: readonly PageRun[]; dataAt: number } | undefined {
  if (image.length < HEAD_WORDS * 4 || image.byteOffset % 4 !== 0 || image.length % 4 !== 0) return undefined;
  const words = new Uint32Array(image.buffer, image.byteOffset, image.length / 4);
  const [magic, end, count, total] = words as unknown as [number, number, number, number];
  const dataAt = HEAD_WORDS + count * 2;
  if (magic !== MAGIC || end % PAGE !== 0 || dataAt + total * PAGE_WORDS !== words.length) return undefined;
  const pages: PageRun[] = [];
  let past = 0;
  let sum = 0;
  for (let index = HEAD_WORDS; index < dataAt; index += 2) {
    const form = words[index + 1] as number;
    const run = { first: words[index] as number, count: form >>> 1, isXor: form % 2 === 1 };
    const isStack = run.first < stack.end && run.first + run.count > stack.first;
    if (run.first < past || run.count === 0 || isStack || (!run.isXor && run.first * PAGE < start)) return undefined;
    past = run.first + run.count;
    sum += run.count;
    pages.push(run);
  }
  return sum === total && past * PAGE <= end ? { end, pages, dataAt } : undefined;
}
