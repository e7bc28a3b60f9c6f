/**
 * Fills the holes that the prelude's evaluation left in the template's heap, at build time. Whatever a program then
 * allocates lies side by side behind the prelude and not in a hundred gaps between its objects: a run touches half as many
 * pages, and the memory of a session is half as large in the store (docs/adr/0017).
 *
 * It reads the allocator's own chunks (dlmalloc, as emscripten builds it for 32 bits: a word of the chunk before, a word of
 * size with two flags, then the payload). What does not look so fails the build.
 */
import type { QuickJsInstance } from './instance.ts';

const HEAD_BYTES = 8;
const CHUNK_BYTES_MIN = 16;
const IN_USE = 2;
const FLAGS = 7;
/** Of a chunk, one word of overhead is counted; the other lies in the chunk before. */
const OVERHEAD_BYTES = 4;
/** What the allocator keeps at the end of the heap for itself. */
const END_BYTES = 80;

/** `heapEnd` is the break. The instance is idle; nothing of its heap moves, and the break stays where it is. */
export function fillHoles(instance: QuickJsInstance, heapEnd: number): void {
  const holes = holesOf(instance, heapEnd).sort((a, b) => b - a);
  for (const bytes of holes) {
    const room = bytes - OVERHEAD_BYTES;
    const at = instance.allocate(room);
    // What was freed there is of no use in a snapshot.
    new Uint8Array(instance.memory.buffer).fill(0, at, at + room);
  }
  if (holesOf(instance, heapEnd).length > 0) throw unknownHeap();
}

/** Sizes of the free chunks, but for the last one, which is the rest of the heap. */
function holesOf({ memory, runtime }: QuickJsInstance, heapEnd: number): number[] {
  const words = new Uint32Array(memory.buffer);
  const holes: number[] = [];
  // The runtime is the engine's first allocation.
  for (let at = runtime - HEAD_BYTES; at < heapEnd - END_BYTES; ) {
    const head = words[(at + HEAD_BYTES / 2) >> 2] as number;
    const bytes = head & ~FLAGS;
    if (bytes < CHUNK_BYTES_MIN || at + bytes > heapEnd) throw unknownHeap();
    at += bytes;
    if ((head & IN_USE) === 0 && at < heapEnd - END_BYTES) holes.push(bytes);
  }
  return holes;
}

function unknownHeap(): Error {
  return new Error('the engine’s heap is not laid out as this build knows it');
}
