/**
 * The snapshot of a guest that has just run its prelude: the runs of non-zero 4 KiB pages, kept once per worker and
 * stamped into every guest. Resetting a guest = copying the runs back and zeroing everything else that a run may have
 * touched, so that nothing of the last run stays readable (docs/adr/0006).
 *
 *   0 ── static data ── … ── stack (grows down) ──┤ heap ──────────▶ break ──── zero ──── end of memory
 *
 * The heap's break is found once, by allocating and looking which word of the static data moved with it.
 */
import type { QuickJsInstance } from './instance.ts';

const PAGE = 4096;
/** The guest's stack limit is 256 KiB at most; the engine checks it, and no C frame between two checks is larger. */
const STACK_DIRT_BYTES = 1024 * 1024;

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

/** Takes the snapshot. The instance must be idle (no guest code on the stack) and is used up as the template. */
export function takeSnapshot(
  instance: QuickJsInstance,
  entries: readonly number[],
  probe: { breakAddress: number; heapStart: number },
): Snapshot {
  const bytes = new Uint8Array(instance.memory.buffer);
  const words = new BigUint64Array(instance.memory.buffer);
  const runs: Run[] = [];
  const end = new Uint32Array(instance.memory.buffer)[probe.breakAddress >> 2] as number;
  let runStart = -1;
  for (let page = 0; page < end; page += PAGE) {
    const used = pageHasData(words, page);
    if (used && runStart < 0) runStart = page;
    if (!used && runStart >= 0) {
      runs.push({ start: runStart, bytes: bytes.slice(runStart, page) });
      runStart = -1;
    }
  }
  if (runStart >= 0) {
    const last = Math.min(bytes.length, Math.ceil(end / PAGE) * PAGE);
    runs.push({ start: runStart, bytes: bytes.slice(runStart, last) });
  }
  const { runtime, context, scratch } = instance;
  return {
    runs,
    breakAddress: probe.breakAddress,
    heapStart: probe.heapStart,
    memoryBytes: bytes.length,
    template: { runtime, context, scratch },
    entries,
  };
}

/** Stamps the snapshot into a fresh (all-zero but for its static data) memory. */
export function stampSnapshot(snapshot: Snapshot, memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  for (const run of snapshot.runs) bytes.set(run.bytes, run.start);
}

/** The bytes that the heap has reached; the closest thing to "memory used" that costs nothing to read. */
export function heapBreak(snapshot: Snapshot, memory: WebAssembly.Memory): number {
  return new Uint32Array(memory.buffer, snapshot.breakAddress, 1)[0] as number;
}

/** Puts a used memory back to the snapshot, byte for byte. Only when no guest code is on the stack. */
export function resetToSnapshot(snapshot: Snapshot, memory: WebAssembly.Memory): void {
  const bytes = new Uint8Array(memory.buffer);
  const dirtyEnd = Math.min(bytes.length, heapBreak(snapshot, memory));
  const stackBottom = Math.max(0, snapshot.heapStart - STACK_DIRT_BYTES);
  let cursor = 0;
  for (const run of snapshot.runs) {
    zeroGap(bytes, cursor, run.start, stackBottom);
    bytes.set(run.bytes, run.start);
    cursor = run.start + run.bytes.length;
  }
  zeroGap(bytes, cursor, dirtyEnd, stackBottom);
}

/** Zeroes [from, to), leaving out the part of the stack that no run can have reached. */
function zeroGap(bytes: Uint8Array, from: number, to: number, stackBottom: number): void {
  const begin = from < stackBottom && to > stackBottom ? stackBottom : from;
  if (to > begin) bytes.fill(0, begin, to);
}

function pageHasData(words: BigUint64Array, page: number): boolean {
  const first = page >> 3;
  for (let index = first; index < first + PAGE / 8; index++) if (words[index] !== 0n) return true;
  return false;
}

/**
 * Finds the break's address and the heap's start on a throw-away instance. A large block makes the break move by at
 * least its size; the word that grew by the most, stays inside the memory and lies in the static data is the break.
 */
export function probeHeap(instance: QuickJsInstance): { breakAddress: number; heapStart: number } {
  const staticEnd = Math.min(instance.memory.buffer.byteLength, 1024 * 1024);
  const before = new Uint32Array(instance.memory.buffer.slice(0, staticEnd));
  const block = 3 * 1024 * 1024;
  const pointer = instance.allocate(block);
  const after = new Uint32Array(instance.memory.buffer, 0, staticEnd >> 2);
  let breakAddress = -1;
  let highest = 0;
  for (let index = 0; index < before.length; index++) {
    const old = before[index] as number;
    const now = after[index] as number;
    if (old === now || old === 0 || now < pointer + block || now > instance.memory.buffer.byteLength) continue;
    if (now > highest && now - old <= block + 2 * 65_536 && now - old >= block / 2) {
      highest = now;
      breakAddress = index * 4;
    }
  }
  if (breakAddress < 0) throw new Error('the heap break of the engine was not found');
  return { breakAddress, heapStart: before[breakAddress >> 2] as number };
}
