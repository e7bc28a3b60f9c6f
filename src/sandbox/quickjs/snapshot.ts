/**
 * The snapshot of a guest that has just run its prelude: the runs of non-zero 4 KiB pages. It is made once, at build time,
 * travels with the product as an asset, and is stamped into every guest: a guest is never built at run time
 * (docs/adr/0006). Resetting a guest = copying the runs back and zeroing everything else that a run may have touched, so
 * that nothing of the last run stays readable.
 *
 *   0 ── static data ── … ── stack (grows down) ──┤ heap ──────────▶ break ──── zero ──── end of memory
 */
import type { QuickJsInstance } from './instance.ts';

const PAGE = 4096;
const ZERO_PAGE = new Uint8Array(PAGE);
/**
 * How far down a run can have written on the stack: the engine's limit of 256 KiB and what C functions use between two
 * checks of it (9 KiB were seen, in overflows of every kind), with as much again to spare.
 */
const STACK_REACH_BYTES = 512 * 1024;
/** The stack is looked at in pieces of this size and only what was written is zeroed, so that clean pages stay unmapped. */
const STACK_PIECE = 32 * 1024;
const ZERO_PIECE = new Uint8Array(STACK_PIECE);

interface Run {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  readonly runs: readonly Run[];
  /** Address of the word that holds the heap's break. */
  readonly breakAddress: number;
  /** Where the stack begins, growing down; everything above it and below `heapStart` is static. */
  readonly heapStart: number;
  readonly memoryBytes: number;
  readonly template: { runtime: number; context: number; scratch: number };
  /** Pointers to the guest's entry functions, in the order in which the prelude returns them. */
  readonly entries: readonly number[];
}

/**
 * Takes the snapshot. The instance must be idle (no guest code on the stack) and is used up as the template; `heapStart` is
 * where the break stood before anything was allocated.
 */
export function takeSnapshot(
  instance: QuickJsInstance,
  entries: readonly number[],
  heap: { breakAddress: number; heapStart: number },
): Snapshot {
  const bytes = new Uint8Array(instance.memory.buffer);
  const runs: Run[] = [];
  const end = readBreak(instance.memory, heap.breakAddress);
  let runStart = -1;
  for (let page = 0; page < end; page += PAGE) {
    const used = Buffer.compare(bytes.subarray(page, page + PAGE), ZERO_PAGE) !== 0;
    if (used && runStart < 0) runStart = page;
    if (!used && runStart >= 0) {
      runs.push({ start: runStart, bytes: bytes.slice(runStart, page) });
      runStart = -1;
    }
  }
  if (runStart >= 0) runs.push({ start: runStart, bytes: bytes.slice(runStart, Math.ceil(end / PAGE) * PAGE) });
  const { runtime, context, scratch } = instance;
  return { runs, ...heap, memoryBytes: bytes.length, template: { runtime, context, scratch }, entries };
}

/** One file: length of the head, the head as JSON, the runs one after the other. `engine` ties it to the WASM's hash. */
export function encodeSnapshot(snapshot: Snapshot, engine: string): Uint8Array {
  const { runs, ...rest } = snapshot;
  const head = Buffer.from(JSON.stringify({ ...rest, engine, runs: runs.map((run) => [run.start, run.bytes.length]) }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...runs.map((run) => run.bytes)]);
}

/** Throws when the bytes belong to another engine. The runs are views of `file`, which must not change. */
export function decodeSnapshot(file: Uint8Array, engine: string): Snapshot {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headEnd = 4 + view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(file.subarray(4, headEnd))) as Omit<Snapshot, 'runs'> & {
    engine: string;
    runs: Array<[start: number, length: number]>;
  };
  if (head.engine !== engine) throw new Error('the guest snapshot belongs to another engine');
  let at = headEnd;
  const runs = head.runs.map(([start, length]) => {
    const bytes = file.subarray(at, at + length);
    at += length;
    return { start, bytes };
  });
  return { ...head, runs };
}

/** Stamps the snapshot into a fresh (all-zero but for its static data) memory. */
export function stampSnapshot(snapshot: Snapshot, memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  for (const run of snapshot.runs) bytes.set(run.bytes, run.start);
}

/** Where the template's heap ended. */
export function snapshotEnd(snapshot: Snapshot): number {
  const last = snapshot.runs.at(-1);
  return last === undefined ? 0 : last.start + last.bytes.length;
}

/** The bytes that the heap has reached; the closest thing to "memory used" that costs nothing to read. */
export function heapBreak(snapshot: Snapshot, memory: WebAssembly.Memory): number {
  return readBreak(memory, snapshot.breakAddress);
}

export function readBreak(memory: WebAssembly.Memory, breakAddress: number): number {
  return new Uint32Array(memory.buffer, breakAddress, 1)[0] as number;
}

/** Puts a used memory back to the snapshot, byte for byte. Only when no guest code is on the stack. */
export function resetToSnapshot(snapshot: Snapshot, memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  // The engine's allocator never gives memory back, so the break marks all that a run has touched (a test looks).
  const dirtyEnd = Math.min(bytes.length, heapBreak(snapshot, memory));
  let cursor = 0;
  for (const run of snapshot.runs) {
    zeroGap(bytes, cursor, run.start, snapshot.heapStart);
    bytes.set(run.bytes, run.start);
    cursor = run.start + run.bytes.length;
  }
  zeroGap(bytes, cursor, dirtyEnd, snapshot.heapStart);
}

/** Zeroes what a run can have written in [from, to): all of the heap, and of the stack the part within its reach. */
function zeroGap(bytes: Uint8Array, from: number, to: number, stackTop: number): void {
  if (to > stackTop) bytes.fill(0, Math.max(from, stackTop), to);
  const stackEnd = Math.min(to, stackTop);
  for (let at = Math.max(from, stackTop - STACK_REACH_BYTES); at < stackEnd; at += STACK_PIECE) {
    const end = Math.min(at + STACK_PIECE, stackEnd);
    if (Buffer.compare(bytes.subarray(at, end), ZERO_PIECE.subarray(0, end - at)) !== 0) bytes.fill(0, at, end);
  }
}

/**
 * Whether the run that has just ended used most of its stack: the bytes in the lower half of what it was allowed. An
 * error that says "stack overflow" is believed only then; a program can make an error that says so.
 */
export function usedMostOfStack(snapshot: Snapshot, memory: WebAssembly.Memory, stackBytes: number): boolean {
  const bottom = snapshot.heapStart - stackBytes;
  const half = new Uint8Array(memory.buffer, bottom, stackBytes / 2);
  for (let at = 0; at < half.length; at += STACK_PIECE) {
    const piece = half.subarray(at, at + STACK_PIECE);
    if (Buffer.compare(piece, ZERO_PIECE.subarray(0, piece.length)) !== 0) return true;
  }
  return false;
}
